"""A conformance function that is wrong is told apart from a server that is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_conformance import preflight
from slipway_conformance.reference.launcher import ReferenceLauncher


@pytest.fixture
def launcher() -> Iterator[ReferenceLauncher]:
    made = ReferenceLauncher()
    yield made
    made.close()


def problems(launcher: ReferenceLauncher, folder: Path, code: str) -> list[str]:
    (folder / launcher.entrypoint).write_text(code)
    return preflight.problems(launcher.launch({}, folder=folder))


def test_the_conformance_function_is_fine(launcher: ReferenceLauncher) -> None:
    launcher.prepare()
    assert preflight.problems(launcher.launch({})) == []


def test_a_missing_step_is_named(launcher: ReferenceLauncher, tmp_path: Path) -> None:
    code = (
        "from slipway_conformance.reference import steps\n"
        "del steps.STEPS['getenv']\n"
        "main = steps.main\n"
    )
    (problem,) = problems(launcher, tmp_path, code)
    assert "step getenv raised an exception" in problem


def test_a_wrong_step_is_named(launcher: ReferenceLauncher, tmp_path: Path) -> None:
    code = (
        "from slipway_conformance.reference import steps\n"
        "steps.STEPS['files'] = lambda step, running: None\n"
        "main = steps.main\n"
    )
    (problem,) = problems(launcher, tmp_path, code)
    assert "step files left" in problem


def test_a_counter_that_does_not_count_is_named(
    launcher: ReferenceLauncher, tmp_path: Path
) -> None:
    code = (
        "from slipway_conformance.reference import steps\n"
        "steps.STEPS['count'] = lambda step, running: running.seen.update(count=1)\n"
        "main = steps.main\n"
    )
    assert any("step count" in line for line in problems(launcher, tmp_path, code))

"""What `doctor` says last fits what it found."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_tools.doctor import doctor
from slipway_tools.engine import buildkit, daemon, endpoint, system

BUILDER = buildkit.Builder(("docker", "build"))


@pytest.fixture(autouse=True)
def bare(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where an engine can be started, images can't be built and the toy runs as it is."""
    monkeypatch.setattr(endpoint, "find", lambda: None)
    monkeypatch.setattr(daemon, "can_start", lambda: True)
    monkeypatch.setattr(buildkit, "find_builder", lambda: None)
    monkeypatch.setattr(system, "may_install", lambda: False)


@pytest.fixture
def no_toolchain(root: Path) -> None:
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text().replace('minimum: "3.11"', 'minimum: "99"'))


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_without_a_client_only_processes_are_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor() == 0
    assert _told(capsys) == "Ready without containers: ./slipway demo --engine process"


@pytest.mark.usefixtures("no_toolchain")
def test_without_a_client_and_a_toolchain_nothing_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor() == 1
    assert _told(capsys) == "Nothing can run here yet: mend one of the above."


@pytest.mark.usefixtures("no_toolchain")
@pytest.mark.parametrize("there", [True, False])
def test_a_client_that_is_there_or_can_be_installed_will_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(buildkit, "find_builder", lambda: BUILDER if there else None)
    monkeypatch.setattr(system, "may_install", lambda: not there)
    assert doctor() == 0
    assert _told(capsys) == "Ready: ./slipway demo"

"""Nothing of a run stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slipway_conformance.targets.runs import abandoned, alive
from slipway_tools.run import Run, sweep_folders


def _dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_folders_go_with_the_run_also_after_an_error(root: Path) -> None:
    with pytest.raises(RuntimeError), Run() as run:  # noqa: PT012 (the folder is made inside)
        folder = run.folder("work")
        assert folder.is_dir()
        raise RuntimeError
    assert not folder.parent.exists()


def test_everything_is_undone_latest_first_whatever_fails(root: Path) -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError

    with Run() as run:
        run.at_end(lambda: done.append("first"))
        run.at_end(fail)
        run.at_end(lambda: done.append("last"))
    assert done == ["last", "first"]


def test_sigterm_ends_a_run_through_its_clean_up(root: Path) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), Run() as run:  # noqa: PT012 (the signal comes inside)
        run.at_end(lambda: done.append("undone"))
        os.kill(os.getpid(), signal.SIGTERM)
    assert done == ["undone"]


def test_only_what_the_dead_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / f"{_dead()}-abc"
    used = tmp_path / f"{os.getpid()}-abc"
    foreign = tmp_path / "notes"
    for folder in (left, used, foreign):
        folder.mkdir()
    sweep_folders(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == sorted([used.name, "notes"])


def test_a_run_without_an_owner_is_not_taken_for_dead() -> None:
    assert not abandoned("bench-abc")
    assert alive(os.getpid())
    assert not alive(_dead())

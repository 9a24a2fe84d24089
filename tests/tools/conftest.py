"""A repository of its own for each test, with one toy runtime in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_conformance.runtime import load_all
from slipway_tools import repository
from slipway_tools.run import Run

TOY = Path(__file__).parent / "toy"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository that holds the toy runtime."""
    folder = tmp_path / "repository"
    (folder / "conformance" / "functions").mkdir(parents=True)
    shutil.copytree(TOY, folder / "runtimes" / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(repository, "root", lambda: folder)
    monkeypatch.setattr(repository, "runtimes", lambda: tuple(load_all(folder / "runtimes")))
    return folder


@pytest.fixture
def run(root: Path) -> Iterator[Run]:
    with Run() as running:
        yield running

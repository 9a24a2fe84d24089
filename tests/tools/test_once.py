"""What the suite and the tools must agree on stands in one place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import docker
import pytest
from docker.errors import NotFound
from slipway_conformance import contract
from slipway_conformance.targets import containers, runs
from slipway_tools.run import Run

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder in ("tools/slipway_tools", "conformance/slipway_conformance")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def _said(path: Path) -> list[str]:
    constants = (
        n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant)
    )
    return [node.value for node in constants if isinstance(node.value, str)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (runs.LABEL, ["runs.py"]),
        ("no-new-privileges", ["containers.py"]),
        ("127.0.0.1", ["base.py"]),
        (contract.load().label("role"), []),
    ],
)
def test_it_is_said_once(text: str, where: list[str]) -> None:
    word = re.compile(rf"(?<![\w.]){re.escape(text)}(?![\w.])")
    found = [path.name for path in SOURCES if any(map(word.search, _said(path)))]
    assert found == where


def test_only_the_dead_leave_containers(root: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    removed: list[str] = []

    class Left:
        def __init__(self, name: str) -> None:
            self.labels = {runs.LABEL: name}

        def remove(self, force: bool, v: bool) -> None:
            assert force
            assert v
            removed.append(self.labels[runs.LABEL])
            raise NotFound("it has gone meanwhile")

    with Run() as run:
        assert run.labels == {runs.LABEL: run.name}
        there = [Left(run.name), Left(f"{dead.pid}-abc"), Left(runs.new_name()), Left("somebody's")]

        engine = SimpleNamespace(containers=SimpleNamespace(list=lambda **ignored: there))
        containers.sweep(cast(docker.DockerClient, engine))
    assert removed == [f"{dead.pid}-abc"]

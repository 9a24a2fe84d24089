"""Which example a newcomer sees first."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import pytest
from slipway_tools import demo
from slipway_tools.engine.model import Engine
from slipway_tools.errors import ToolError
from slipway_tools.repository import Choice


class Able:
    """An engine that lacks something for the languages that it is told."""

    def __init__(self, *lacking: str) -> None:
        self._lacking = lacking

    def lacks(self, choice: Choice) -> list[str]:
        found = choice.runtime.language in self._lacking
        return [f"install {choice.runtime.language}"] if found else []


def picked(engine: Able) -> str:
    return demo.pick(cast(Engine, engine), None).runtime.language


def add_another(root: Path, old: str, new: str) -> None:
    """A second runtime, abc, whose runtime.yaml has *new* in place of *old*."""
    other = root / "runtimes" / "abc"
    shutil.copytree(root / "runtimes" / "toy", other)
    text = (other / "runtime.yaml").read_text().replace("language: toy", "language: abc")
    (other / "runtime.yaml").write_text(text.replace(old, new))


@pytest.fixture
def with_a_compiled_one(root: Path) -> None:
    add_another(root, "kind: interpreted", "kind: compiled")


@pytest.mark.usefixtures("with_a_compiled_one")
def test_what_need_not_be_compiled_comes_first() -> None:
    assert picked(Able()) == "toy"
    assert picked(Able("toy")) == "abc"


def test_what_stands_alone_comes_before_what_shares_a_part(root: Path) -> None:
    (root / "runtimes" / "part").mkdir()
    add_another(root, "kind: interpreted", "kind: interpreted\nshared: [part]")
    assert picked(Able()) == "toy"
    assert picked(Able("toy")) == "abc"


@pytest.mark.usefixtures("with_a_compiled_one")
def test_what_every_runtime_lacks_is_said() -> None:
    with pytest.raises(ToolError, match=r"install toy\n  install abc"):
        picked(Able("toy", "abc"))

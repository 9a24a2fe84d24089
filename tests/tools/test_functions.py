"""The language of a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from slipway_tools import functions
from slipway_tools.errors import ToolError


def _second_runtime(root: Path) -> None:
    other = root / "runtimes" / "other"
    shutil.copytree(root / "runtimes" / "toy", other)
    text = (other / "runtime.yaml").read_text()
    (other / "runtime.yaml").write_text(
        text.replace("language: toy", "language: other").replace("main.toy", "main.other")
    )


def test_the_entry_point_shows_the_language(root: Path, tmp_path: Path) -> None:
    _second_runtime(root)
    (tmp_path / "main.toy").touch()
    assert functions.load(tmp_path, None).choice.name == "toy:1"


def test_an_extension_does_where_there_is_no_entry_point(root: Path, tmp_path: Path) -> None:
    (tmp_path / "anything.toy").touch()
    assert functions.load(tmp_path, None).choice.name == "toy:1"


def test_two_languages_ask_for_a_name(root: Path, tmp_path: Path) -> None:
    _second_runtime(root)
    (tmp_path / "anything.toy").touch()
    with pytest.raises(ToolError, match="other, toy: say which with --runtime"):
        functions.load(tmp_path, None)
    assert functions.load(tmp_path, "toy:2").choice.name == "toy:2"


def test_a_folder_without_a_function_says_what_is_looked_for(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"main\.toy \(toy\)"):
        functions.load(tmp_path, None)
    with pytest.raises(ToolError, match=r"\./slipway new"):
        functions.load(tmp_path / "missing", None)

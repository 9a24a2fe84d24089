"""Where the suite looks for the conformance function, and what it says where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_conformance import cli, data, runtime
from typer.testing import CliRunner

YAML = """
language: nowhere
title: Nowhere
kind: interpreted
server: none
entrypoint: main.no
extensions: [.no]
versions: [{version: "1"}]
profiles: [core]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "runtime.yaml").write_text(YAML)
    return tmp_path


def test_one_in_the_runtimes_folder_comes_first(folder: Path) -> None:
    assert runtime.load(folder).function_folder == data.root() / "functions" / "nowhere"
    (folder / "conformance").mkdir()
    assert runtime.load(folder).function_folder == folder / "conformance"


def test_none_is_told_with_both_places(folder: Path) -> None:
    done = CliRunner().invoke(cli.app, ["verify", "--command", str(folder)])
    told = done.output.replace("\n", "")
    assert done.exit_code == 2
    assert str(folder / "conformance") in told
    assert str(data.root() / "functions" / "nowhere") in told
    assert "--function FOLDER" in told


def test_one_that_is_named_and_not_there_is_told(folder: Path) -> None:
    words = ["verify", "--command", str(folder), "--function", str(folder / "missing")]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 2
    assert "there is no such folder" in done.output.replace("\n", "")

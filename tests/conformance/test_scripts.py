"""A runtime's scripts as plain processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from slipway_conformance import runtime
from slipway_conformance.targets.process import ScriptsLauncher

TOY = Path(__file__).resolve().parents[1] / "tools" / "toy"


@pytest.mark.parametrize("home", ["toy/.home", "elsewhere"])
def test_a_server_is_installed_again_only_when_its_files_change(tmp_path: Path, home: str) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(TOY, folder, copy_function=shutil.copy)
    with (folder / "install.sh").open("a") as script:
        script.write('echo >>"$RUNTIME_HOME/times"\n')
    launcher = ScriptsLauncher(runtime.load(folder), tmp_path / home)
    launcher.install()
    launcher.install()
    assert (tmp_path / home / "times").read_text() == "\n"
    (folder / "server.py").touch()
    launcher.install()
    assert (tmp_path / home / "times").read_text() == "\n\n"
    launcher.close()

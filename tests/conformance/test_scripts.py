"""A runtime's scripts as plain processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from slipway_conformance import runtime
from slipway_conformance.targets import THROWN
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


def test_scripts_get_what_their_runtime_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "toy", tmp_path / "home"
    shutil.copytree(TOY, folder)
    file = folder / "runtime.yaml"
    named = "process:\n  environment: [TOY_ROOT, TOY_UNSET]\n"
    text = file.read_text().replace("process:\n", named)
    file.write_text(f"{text}certificates: [TOY_AUTHORITIES]\nbroken: 'no toy'\nthrows: {THROWN}\n")
    (folder / "install.sh").write_text('#!/bin/sh\nenv >"$RUNTIME_HOME/environment"\n')
    for name in ("TOY_ROOT", "TOY_AUTHORITIES", "TOY_SECRET"):
        monkeypatch.setenv(name, name.lower())
    launcher = ScriptsLauncher(runtime.load(folder), home)
    launcher.install()
    found = (home / "environment").read_text().splitlines()
    launcher.close()
    assert [line for line in sorted(found) if line.startswith("TOY_")] == [
        "TOY_AUTHORITIES=toy_authorities",
        "TOY_ROOT=toy_root",
    ]
    assert (launcher.broken, launcher.throws) == ("no toy", THROWN)

"""The action for other repositories: it asks for what the command line takes, and runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from slipway_conformance import cli, contract
from slipway_conformance.reference.launcher import ReferenceLauncher

ROOT = Path(__file__).resolve().parents[2]
# For a person at a terminal, and no part of a workflow.
_BY_HAND = {"failed", "list", "write-gaps", "help"}


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "conformance" / "action.yml").read_text("utf-8"))
    return found


def _judging(action: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in action["runs"]["steps"] if s.get("id") == "verify")
    return found


def test_its_inputs_are_the_options_of_the_command(action: dict[str, Any]) -> None:
    command: Any = typer.main.get_command(cli.app)
    options = {
        name.removeprefix("--")
        for option in command.commands["verify"].params
        for name in option.opts
    }
    # The secret is a variable there, since arguments are seen by everybody on a machine.
    assert action["inputs"].keys() == (options - _BY_HAND) | {"secret"}


def test_no_input_is_read_as_a_part_of_a_script(action: dict[str, Any]) -> None:
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_input_reaches_the_script(action: dict[str, Any]) -> None:
    env = _judging(action)["env"]
    passed = {value.strip("${ }").removeprefix("inputs.") for value in env.values()}
    assert action["inputs"].keys() <= passed
    assert env[contract.load().variable("secret")] == "${{ inputs.secret }}"


def _run(action: dict[str, Any], folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The script of the judging step, with its inputs filled in as a runner does."""
    step = _judging(action)
    program = folder / "program"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m slipway_conformance "$@"\n')
    program.chmod(0o755)
    env = {}
    for variable, value in step["env"].items():
        name = value.strip("${ }").removeprefix("inputs.")
        env[variable] = inputs.get(name, action["inputs"].get(name, {}).get("default", ""))
    env |= {"PROGRAM": str(program), "INPUT_REPORTS": str(folder / "reports")}
    env |= {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        env=os.environ | env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_judges_and_tells(action: dict[str, Any], tmp_path: Path) -> None:
    launcher = ReferenceLauncher()
    launcher.prepare()
    try:
        running = launcher.launch({})
        url = f"http://{running.host}:{running.port}"
        done = _run(action, tmp_path, url=url, secret=running.secret, case="1.1-a*  2.1-unicode")
    finally:
        launcher.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passes what was chosen: 2 pass" in done.stdout
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "conforms=true\n"
    assert "| 2 |" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()


def test_what_cannot_be_judged_fails_it(action: dict[str, Any], tmp_path: Path) -> None:
    done = _run(action, tmp_path, clause="1")
    assert done.returncode == 2
    assert "name one target" in done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "conforms=false\n"

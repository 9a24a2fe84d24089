"""What `verify` and its like make of what a person names, before and while the suite runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_conformance import Subject, contract
from slipway_conformance import cli as suite
from slipway_conformance.reference.launcher import ReferenceLauncher
from slipway_conformance.targets import free_port
from slipway_conformance.targets.process import RunningProcess
from slipway_tools import cli, demo, flakes, subjects
from slipway_tools.engine import daemon
from slipway_tools.errors import ToolError
from typer.testing import CliRunner

from tests.conformance.every_other import EveryOther

FIRST_SECONDS = 1.0
# What `_imports` takes on a machine where that limit is meant as it stands.
IMPORT_SECONDS = 0.5


@pytest.fixture
def served() -> Iterator[RunningProcess]:
    """The reference, which serves its conformance function."""
    launcher = ReferenceLauncher()
    launcher.prepare()
    yield launcher.launch({})
    launcher.close()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine answers, and starting one is an error."""

    def refuse(*ignored: object) -> None:
        raise AssertionError("an engine was to be started")

    monkeypatch.setattr("slipway_tools.engine.endpoint.find", lambda: None)
    monkeypatch.setattr(daemon, "start", refuse)
    monkeypatch.setattr(daemon, "can_start", lambda: True)
    monkeypatch.delenv("DOCKER_HOST", raising=False)


def _verify(target: str, *more: str, secret: str = "") -> tuple[int, str]:
    env = {contract.load().variable("secret"): secret}
    done = CliRunner().invoke(cli.app, ["verify", target, *more], env=env)
    if isinstance(done.exception, ToolError):
        raise done.exception
    return done.exit_code, done.stdout


def _url(running: RunningProcess) -> str:
    return f"http://{running.host}:{running.port}"


def test_a_name_of_nothing_is_refused_before_an_engine_starts(root: Path, no_engine: None) -> None:
    with pytest.raises(ToolError, match=r"nosuch is no runtime here \(toy\) and no URL"):
        _verify("nosuch")
    with pytest.raises(ToolError, match="no runtime 'nosuch'"):
        _verify("nosuch", "--engine", "process")


def test_a_function_that_is_not_there_is_refused_before_an_engine_starts(
    root: Path, no_engine: None
) -> None:
    with pytest.raises(ToolError, match="--function nowhere: there is no such folder"):
        _verify("toy", "--function", "nowhere")


def test_a_demo_of_nothing_is_refused_before_an_engine_starts(root: Path, no_engine: None) -> None:
    with pytest.raises(ToolError, match=r"no runtime 'cobol' .*: toy\."):
        demo.demo("cobol", None)


def test_a_url_where_nobody_answers_says_what_to_do(root: Path) -> None:
    code, told = _verify(f"http://127.0.0.1:{free_port()}")
    assert code == 3
    assert "start a server there that serves the conformance function" in " ".join(told.split())


def test_a_secret_that_is_refused_is_no_failure_of_hundreds_of_cases(
    root: Path, served: RunningProcess
) -> None:
    code, told = _verify(_url(served), "--case", "1.1-answers", secret="wrong")
    assert code == 3
    assert "refuses the secret: RUNTIME_SECRET" in " ".join(told.split())
    assert "nothing was judged" in told


def test_a_url_is_judged_without_an_engine(
    root: Path, served: RunningProcess, no_engine: None
) -> None:
    code, told = _verify(_url(served), "--case", "1.1-answers", secret=served.secret)
    assert code == 0
    assert "1.1-answers pass" in told
    assert (root / "reports" / "report.html").is_file()


def test_gaps_that_nothing_could_hold_are_refused_before_anything_is_judged(
    root: Path, served: RunningProcess
) -> None:
    # A case whose function writes a line of its own.
    wanted = ("--write-gaps", "--case", "6.3-generic", "--reports", str(root / "reports"))
    with pytest.raises(ToolError, match="--write-gaps needs the name of a runtime"):
        _verify(_url(served), *wanted, secret=served.secret)
    arguments = ["verify", "--url", _url(served), *wanted]
    done = CliRunner().invoke(suite.app, arguments, env={"RUNTIME_SECRET": served.secret})
    assert done.exit_code == 2
    assert "--write-gaps needs --runtime FILE or --command FOLDER" in done.stderr
    assert not (root / "reports").exists()
    served.signal("SIGTERM")
    served.wait(5)
    assert not any(line.invocation for line in served.log.parsed())


def _first_line(running: RunningProcess, folder: Path) -> tuple[float, str]:
    """Seconds until the first line of a whole run on a URL, and that line."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway_tools", "verify", _url(running), "--reports", str(folder)],
        env=os.environ | {contract.load().variable("secret"): running.secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        seconds = time.monotonic() - began
    # It has launched nothing that would have to be ended with it.
    process.kill()
    process.wait()
    return seconds, line


def _imports() -> float:
    """Seconds until another process has loaded packages like those that a first result needs: most of its
    time is that. It is as much slower on a machine that is slow, or busy, at this moment."""
    began = time.monotonic()
    code = "import hypothesis, jsonschema, rich.progress, typer, yaml"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.monotonic() - began


def test_the_first_result_of_a_url_comes_at_once(served: RunningProcess, tmp_path: Path) -> None:
    tries = []
    for _ in range(5):
        before = _imports()
        seconds, line = _first_line(served, tmp_path)
        assert "1 of " in line
        tries.append(seconds / max(1.0, before / IMPORT_SECONDS, _imports() / IMPORT_SECONDS))
        if tries[-1] < FIRST_SECONDS:
            break
    assert min(tries) < FIRST_SECONDS


def test_flakes_are_counted_over_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def subject_of(*ignored: object) -> tuple[Subject, None]:
        return Subject(EveryOther(tmp_path / "launches", "method-is-get-by-default")), None

    monkeypatch.setattr(flakes, "subject_of", subject_of)
    arguments = ["flakes", "toy", "--runs", "2", "--case", "2.1-empty-object"]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 1
    assert "2.1-empty-object: failed in 1 of 2 runs" in done.stdout
    assert "50.00%" in done.stdout
    done = CliRunner().invoke(cli.app, [*arguments[:4], "--case", "2.1-unicode"])
    assert done.exit_code == 0
    assert "0 flaky cases of 1 in 2 runs: 0.00%" in done.stdout


def test_an_image_names_its_profiles() -> None:
    launcher = ReferenceLauncher()
    assert "raw" in Subject(launcher).declared
    launcher.profiles = frozenset({"core"})
    assert Subject(launcher).declared == {"core"}
    assert Subject(launcher, frozenset({"logs"})).declared == {"logs"}
    launcher.close()


def test_subjects_of_runtimes_here_are_known_by_their_scripts(root: Path) -> None:
    from slipway_tools import repository

    subject = subjects.scripts_subject(repository.choose("toy").runtime)
    assert subject.launcher.argument == "toy --engine process"
    subject.launcher.close()

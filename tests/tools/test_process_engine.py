"""The embedded engine on the toy runtime: build, launch, call, drain."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_conformance.runtime import Requirement
from slipway_conformance.targets import LOOPBACK
from slipway_tools import client, functions, repository
from slipway_tools.engine import LaunchOptions
from slipway_tools.engine.model import check_port
from slipway_tools.engine.process import ProcessEngine, problem_with, surroundings
from slipway_tools.errors import ToolError
from slipway_tools.functions import Function
from slipway_tools.run import Run
from slipway_tools.terminal import Steps


def _need(minimum: str, command: str = "python3") -> Requirement:
    return Requirement(command, minimum, (command, "--version"), "install it")


def test_what_a_machine_lacks_is_told_with_the_remedy() -> None:
    assert problem_with(_need("3.0")) == ""
    assert "99 or newer is needed: install it" in problem_with(_need("99"))
    assert (
        problem_with(_need("1", "no-such-tool"))
        == "no-such-tool 1 or newer is not here: install it"
    )


def test_versions_are_compared_as_numbers() -> None:
    assert problem_with(_need("3.9")) == ""


def test_what_the_contract_names_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_SECRET", "mine")
    monkeypatch.setenv("RUNTIME_TIMEOUT", "1")
    monkeypatch.setenv("COLOUR", "red")
    env = surroundings()
    assert env["COLOUR"] == "red"
    assert not {"RUNTIME_SECRET", "RUNTIME_TIMEOUT"} & env.keys()


def test_a_function_is_built_launched_called_and_drained(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    assert engine.lacks(choice) == []
    function = Function(choice.runtime.folder / "example", choice)
    built, log = run.folder("build"), list[str]()
    with Steps() as steps:
        functions.build(engine, function, built, steps)
    options = LaunchOptions("s3cret", env={"COLOUR": "blue"})
    launched = functions.start(engine, choice, built, options, log.append)
    answer = client.invoke(LOOPBACK, launched.port, "s3cret", client.Call(payload={"name": "Ada"}))
    assert (answer.status, answer.body) == (201, b"Hello Ada blue")
    assert [entry.message for entry in answer.logs] == ["greeting"]
    assert launched.drain() == 0
    assert not launched.alive()
    assert not client.healthy(launched.port)
    assert "listening" in log[0]


def test_a_server_that_dies_shows_its_log(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    with Steps() as steps:
        engine.prepare(choice, steps)
    with pytest.raises(ToolError, match=r"(?s)ended while starting.*FileNotFoundError"):
        functions.start(engine, choice, run.folder("empty"), LaunchOptions("s"), lambda line: None)


def test_a_failed_build_shows_the_tools_own_words(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    source = run.folder("source")
    (source / "broken").touch()
    with Steps() as steps, pytest.raises(ToolError, match=r"(?s)code 3.*the compiler says no"):
        functions.build(engine, Function(source, choice), run.folder("build"), steps)


def test_a_runtime_is_installed_again_when_its_files_change(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    home = engine.home(choice.runtime)
    with Steps() as steps:
        engine.prepare(choice, steps)
        (home / "mark").touch()
        engine.prepare(choice, steps)
        assert (home / "mark").exists()
        script = choice.runtime.folder / "build.sh"
        script.write_text(script.read_text() + "# changed\n")
        engine.prepare(choice, steps)
    assert not (home / "mark").exists()


def test_a_runtime_is_installed_again_when_what_it_shares_changes(root: Path, run: Run) -> None:
    part, file = root / "runtimes" / "part", root / "runtimes" / "toy" / "runtime.yaml"
    part.mkdir()
    file.write_text(file.read_text() + "shared: [part]\n")
    engine, choice = ProcessEngine(run), repository.choose("toy")
    with Steps() as steps:
        engine.prepare(choice, steps)
        (engine.home(choice.runtime) / "mark").touch()
        (part / "source").write_text("changed")
        engine.prepare(choice, steps)
    assert not (engine.home(choice.runtime) / "mark").exists()


def test_a_launched_server_ends_with_its_run(root: Path) -> None:
    with Run() as run:
        engine, choice = ProcessEngine(run), repository.choose("toy")
        with Steps() as steps:
            engine.prepare(choice, steps)
        example = choice.runtime.folder / "example"
        launched = functions.start(engine, choice, example, LaunchOptions("s"), lambda line: None)
        assert launched.alive()
    assert not launched.alive()


def test_a_taken_port_is_told_before_anything_is_built(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    with Steps() as steps:
        engine.prepare(choice, steps)
    example = choice.runtime.folder / "example"
    launched = functions.start(engine, choice, example, LaunchOptions("s"), lambda line: None)
    with pytest.raises(ToolError, match=f"Port {launched.port} is taken"):
        check_port(launched.port)
    launched.remove()
    check_port(launched.port)

"""What `new` writes works as it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from slipway_conformance import runtime
from slipway_tools import functions, new
from slipway_tools.errors import ToolError


def _launch(root: Path, home: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    folder = root / "runtimes" / "crystal"
    paths = {"PATH": "/usr/bin:/bin", "RUNTIME_HOME": str(home)}
    subprocess.run([folder / "install.sh"], env=paths, check=True)
    serve = home / "server" / "serve"
    serve.write_text('#!/bin/sh\ncat <&3\nenv | grep -c "^RUNTIME_SECRET=" || true\n')
    return subprocess.run(
        [home / "launch.sh"], env=paths | env, capture_output=True, text=True, check=False
    )


def test_a_function_is_the_example_of_its_runtime(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hello"
    new.new_function(folder, "toy")
    assert functions.load(folder, None).choice.name == "toy:1"
    with pytest.raises(ToolError, match="not empty"):
        new.new_function(folder, "toy")
    with pytest.raises(ToolError, match="of toy"):
        new.new_function(tmp_path / "other", None)


def test_a_runtime_has_a_file_that_the_schema_accepts(root: Path) -> None:
    new.new_runtime("crystal")
    found = runtime.load(root / "runtimes" / "crystal")
    assert (found.language, found.title, found.entrypoint) == (
        "crystal",
        "Crystal",
        "function.crystal",
    )
    assert (root / "conformance" / "functions" / "crystal" / found.entrypoint).is_file()
    assert (root / "runtimes" / "crystal" / "example" / found.entrypoint).is_file()
    assert not list(root.rglob("*__language__*"))


def test_a_new_launch_script_keeps_the_clauses_about_the_secret(root: Path, tmp_path: Path) -> None:
    new.new_runtime("crystal")
    home, secret = tmp_path / "home", tmp_path / "secret"
    secret.write_text("of a file\n\n")
    assert _launch(root, home, {}).returncode == 78
    assert _launch(root, home, {"RUNTIME_SECRET_FILE": "/no/such/file"}).returncode == 78
    # The pipe ends with one line break of its own; RUNTIME_SECRET is nowhere in the server's environment.
    assert _launch(root, home, {"RUNTIME_SECRET": "s3cret"}).stdout == "s3cret\n0\n"
    from_file = _launch(root, home, {"RUNTIME_SECRET_FILE": str(secret)})
    assert from_file.stdout == "of a file\n\n0\n"


def test_a_new_server_says_that_it_is_missing(root: Path) -> None:
    new.new_runtime("crystal")
    done = subprocess.run(
        [root / "runtimes" / "crystal" / "server" / "serve"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no server for Crystal yet" in done.stdout


@pytest.mark.parametrize("name", ["C++", "Crystal", "2x", "a/b", ""])
def test_a_name_that_no_image_could_have_is_refused(root: Path, name: str) -> None:
    with pytest.raises(ToolError, match="lower-case"):
        new.new_runtime(name)

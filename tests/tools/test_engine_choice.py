"""Finding what this machine has: engines, clients, mirrors."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_tools import repository
from slipway_tools.engine import buildkit, daemon, endpoint, find, standin
from slipway_tools.errors import ToolError
from slipway_tools.kind import Kind
from slipway_tools.run import Run
from slipway_tools.terminal import step


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PATH on which docker clients can be put: <folder>/<name>/docker."""
    buildkit.find_builder.cache_clear()
    yield tmp_path
    buildkit.find_builder.cache_clear()


def _client(folder: Path, name: str, version: str, buildx: bool) -> str:
    path = folder / name / "docker"
    path.parent.mkdir()
    code = 0 if buildx else 1
    path.write_text(
        f'#!/bin/sh\ncase $1 in buildx) exit {code} ;; version) echo "{version}" ;; esac\n'
    )
    path.chmod(0o755)
    return str(path)


def _path(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    folders = [str(Path(path).parent) for path in found]
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, "/usr/bin", "/bin"]))


def test_a_client_that_cannot_build_is_passed_over(
    clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = _client(clients, "new", "28.1.0", buildx=False)
    old = _client(clients, "old", "20.10.24+dfsg1", buildx=False)
    _path(monkeypatch, new, old)
    found = buildkit.find_builder()
    assert found == buildkit.Builder((old, "build"), {"DOCKER_BUILDKIT": "1"})


def test_buildx_is_taken_where_it_is(clients: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = _client(clients, "new", "28.1.0", buildx=True)
    _path(monkeypatch, new)
    assert buildkit.find_builder() == buildkit.Builder((new, "buildx", "build", "--load"))


def test_without_an_engine_plain_processes_are_taken_and_it_says_why(
    root: Path, run: Run, no_engine: None
) -> None:
    found = find(None, run)
    assert found.engine.name == "process"
    assert "No container engine answers at DOCKER_HOST=unix:///no/such/socket" in found.why


def test_continuous_integration_fails_without_an_engine(
    root: Path, run: Run, no_engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ToolError, match="unset the variable"):
        find(None, run)


def test_whoever_asks_for_containers_gets_no_processes(
    root: Path, run: Run, no_engine: None
) -> None:
    with pytest.raises(ToolError):
        find(Kind.DOCKER, run)


def test_an_engine_is_told_by_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"ApiVersion": "1.41", "MinAPIVersion": "1.12"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *ignored: object) -> None:
            """Silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"tcp://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("DOCKER_HOST", host)
        client = endpoint.find()
        server.shutdown()
    assert client is not None
    client.close()
    assert endpoint.reach("tcp://127.0.0.1:1") is None


def test_only_root_with_apt_may_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not daemon.can_start()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SLIPWAY_NO_INSTALL", "1")
    monkeypatch.setenv("PATH", "/no/such/folder")
    assert not daemon.can_start()


def test_the_last_user_stops_what_was_started(root: Path, no_engine: None) -> None:
    process = subprocess.Popen(["sleep", "60"])
    daemon._write(daemon.Started(process.pid, daemon._began(process.pid), False))
    first, second = daemon.Use(), daemon.Use()
    first.leave()
    assert daemon.started()
    second.leave()
    assert not daemon.started()
    assert process.wait(5) == 0 or process.returncode


def test_what_is_kept_stays_until_it_is_stopped(root: Path, no_engine: None) -> None:
    process = subprocess.Popen(["sleep", "60"])
    daemon._write(daemon.Started(process.pid, daemon._began(process.pid), False))
    assert daemon.keep()
    daemon.Use().leave()
    assert daemon.started()
    assert daemon.stop()
    assert not daemon.stop()
    process.wait(5)


# It says that it hears no SIGTERM, and listens nowhere.
STUBBORN = "#!/bin/sh\ntrap '' TERM\necho deaf\nwhile :; do sleep 0.1; done\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_STOP_SECONDS", 0.5)


def test_an_engine_that_does_not_stop_is_not_called_stopped(
    root: Path, no_engine: None, impatient: None
) -> None:
    process = subprocess.Popen(["sh", "-c", STUBBORN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
    daemon._write(daemon.Started(process.pid, daemon._began(process.pid), True))
    with pytest.raises(ToolError, match=f"process {process.pid}. still runs"):
        daemon.stop()
    assert daemon.started()
    process.kill()
    process.wait(5)
    assert not daemon.stop()


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_an_engine_that_neither_starts_nor_ends_is_told(
    root: Path, no_engine: None, impatient: None, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clients / "dockerd").write_text(STUBBORN)
    (clients / "dockerd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{clients}:/usr/bin:/bin")

    def wait(*ignored: object) -> None:
        while "deaf" not in daemon._log().read_text():
            time.sleep(0.01)

    monkeypatch.setattr(daemon, "_wait", wait)
    told = r"(?s)dockerd does not start here: deaf.*engine stop"
    with pytest.raises(ToolError, match=told), step("start") as only:
        daemon.start(only)
    ours = daemon.started()
    assert ours
    os.kill(ours.pid, signal.SIGKILL)
    os.waitpid(ours.pid, 0)


def test_an_engine_that_serves_somebody_else_is_left_running(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen(["sleep", "60"])
    daemon._write(daemon.Started(process.pid, daemon._began(process.pid), False))
    monkeypatch.setattr(daemon, "_serves_others", lambda: True)
    daemon.Use().leave()
    assert process.poll() is None
    process.terminate()
    process.wait(5)


def test_a_recycled_process_id_is_not_ours(root: Path, no_engine: None) -> None:
    daemon._write(daemon.Started(os.getpid(), "1", False))
    assert daemon.started() is None
    assert not daemon.stop()
    assert not daemon.keep()


@pytest.mark.parametrize(
    "sources",
    [
        "deb [signed-by=/k] http://mirror.example/debian trixie main\n",
        "# old\nTypes: deb\nURIs: https://other.example/packages http://mirror.example/debian\nSuites: x\n",
    ],
)
def test_the_mirror_is_the_one_that_the_machine_uses(sources: str) -> None:
    assert standin.mirror(["", sources]) == "http://mirror.example/debian"


def test_sources_of_both_kinds_are_read_and_none_is_needed(tmp_path: Path) -> None:
    assert list(standin.source_files(tmp_path)) == []
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text("new")
    (tmp_path / "sources.list.d" / "debian.sources.save").write_text("old")
    (tmp_path / "sources.list").write_text("list")
    assert list(standin.source_files(tmp_path)) == ["list", "new"]


def test_no_mirror_says_what_else_can_be_done() -> None:
    with pytest.raises(ToolError, match="--engine process"):
        standin.mirror(["deb http://mirror.example/ubuntu noble main\n"])


def test_a_stand_in_trusts_what_the_machine_trusts_in_every_language(root: Path) -> None:
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text() + "certificates: [TOY_AUTHORITIES]\n")
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    lines = standin._dockerfile("root").splitlines()
    assert f"ENV SSL_CERT_FILE={bundle} TOY_AUTHORITIES={bundle}" in lines


def test_the_base_image_is_the_one_that_the_dockerfile_names(root: Path) -> None:
    folder = repository.root() / "runtimes" / "base"
    folder.mkdir()
    (folder / "Dockerfile").write_text("# base\nARG DEBIAN=debian:forky-slim\nFROM ${DEBIAN}\n")
    assert standin.wanted() == "debian:forky-slim"
    (folder / "Dockerfile").write_text("FROM debian:forky-slim\n")
    with pytest.raises(ToolError, match="ARG DEBIAN"):
        standin.wanted()

"""Starts a container engine where none runs, and stops what was started when its last user has gone.

Users hold a shared lock; whoever leaves and can take it exclusively is the last one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import docker
from attrs import asdict, frozen
from slipway_conformance.targets import runs

from .. import repository
from ..errors import ToolError
from ..terminal import Step
from . import buildkit, endpoint, system

_START_SECONDS = 40.0
_STOP_SECONDS = 30.0


@frozen
class Started:
    """The engine that these tools have started. ``kept`` means until ``slipway engine stop``."""

    pid: int
    began: str
    kept: bool


class Use:
    """One user's share in an engine that these tools started; ``leave`` stops it behind the last one."""

    def __init__(self) -> None:
        self._lock: IO[str] | None = (_folder() / "users.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def leave(self) -> None:
        if self._lock is None:
            return
        with self._lock as lock:
            self._lock = None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            ours = started()
            if ours and not ours.kept and not _serves_others():
                stop()


def started() -> Started | None:
    """The engine that these tools started, if it still runs."""
    try:
        found = Started(**json.loads(_record().read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # A process id alone may have been given to somebody else since.
    return found if runs.alive(found.pid) and _began(found.pid) == found.began else None


def keep() -> bool:
    """Lets the engine that these tools started run on; whether there is one."""
    ours = started()
    if ours:
        _write(Started(ours.pid, ours.began, True))
    return bool(ours)


def can_start() -> bool:
    return os.geteuid() == 0 and (bool(shutil.which("dockerd")) or system.may_install())


def start(step: Step) -> docker.DockerClient:
    """Installs an engine if need be, starts it and waits until it answers."""
    with (_folder() / "start.lock").open("w") as lock:
        # Two first runs at once: the second waits, and finds the engine of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return endpoint.find() or _start(step)


def _start(step: Step) -> docker.DockerClient:
    if not shutil.which("dockerd"):
        step.tell(f"installing {buildkit.PACKAGE} with apt-get")
        system.install([buildkit.PACKAGE], step.tell, if_known=buildkit.CLIENT_PACKAGES)
        # A service manager may have started it with the installation.
        client = _wait(None, 5.0 if Path("/run/systemd/system").exists() else 0.5)
        if client:
            return client
    step.tell("starting dockerd")
    log = _log()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    _write(Started(process.pid, _began(process.pid), False))
    client = _wait(process, _START_SECONDS)
    if client is None:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.terminate()
            process.wait(_STOP_SECONDS)
        still = ""
        if process.poll() is None:
            still = f"It doesn't end either (process {process.pid}): ./slipway engine stop\n"
        else:
            _record().unlink(missing_ok=True)
        raise ToolError(
            f"dockerd does not start here: {_reason(log)}\n(all of its log: {log})\n{still}"
            "Without a container engine, use the machine's own toolchain: --engine process"
        )
    return client


def stop() -> bool:
    """Stops the engine that these tools started; whether there was one. ToolError where it doesn't end."""
    ours = started()
    if ours:
        with suppress(ProcessLookupError):
            os.kill(ours.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while _runs(ours.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        if _runs(ours.pid):
            raise ToolError(
                f"The engine (process {ours.pid}) still runs {_STOP_SECONDS:.0f} s after it was asked to "
                f"end: see {_log()}, then run this again."
            )
    _record().unlink(missing_ok=True)
    return bool(ours)


def _serves_others() -> bool:
    """Whether containers run there that no run of these tools has made."""
    client = endpoint.find()
    if client is None:
        return False
    try:
        return any(runs.LABEL not in container.labels for container in client.containers.list())
    finally:
        client.close()


def _reason(log: Path) -> str:
    """What dockerd says last of all; where it was just slow, the same."""
    lines = log.read_text("utf-8", "replace").strip().splitlines() or ["its log is empty"]
    told = [line for line in lines if line.startswith("failed to start daemon")]
    return (told or lines)[-1][:300]


def _wait(process: subprocess.Popen[bytes] | None, seconds: float) -> docker.DockerClient | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client = endpoint.find()
        if client:
            return client
        if process and process.poll() is not None:
            return None
        time.sleep(0.2)
    return None


def _runs(pid: int) -> bool:
    """Whether it still runs; a child of this process that has ended is collected."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return runs.alive(pid)


def _began(pid: int) -> str:
    """When a process started, in the kernel's own count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _write(found: Started) -> None:
    _record().write_text(json.dumps(asdict(found)), encoding="utf-8")


def _record() -> Path:
    return _folder() / "started.json"


def _log() -> Path:
    return _folder() / "dockerd.log"


def _folder() -> Path:
    folder = repository.state() / "engine"
    folder.mkdir(exist_ok=True)
    return folder

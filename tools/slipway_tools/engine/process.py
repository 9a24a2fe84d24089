"""Runs build.sh and launch.sh as plain processes, with the toolchain that this machine has."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import define
from slipway_conformance import contract
from slipway_conformance.runtime import Requirement, Runtime
from slipway_conformance.targets import LOOPBACK, free_port

from .. import repository
from ..repository import Choice
from ..run import Run
from ..terminal import Steps
from .model import EXIT_SECONDS, Engine, Launched, LaunchOptions, Tell
from .system import stream

_VERSION = re.compile(r"\d+(?:\.\d+)*")
_ASK_SECONDS = 20
_PR_SET_PDEATHSIG = 1


class ProcessEngine(Engine):
    """The embedded engine: the same two scripts, in folders that variables name."""

    name = "process"

    def __init__(self, run: Run) -> None:
        self._run = run

    def lacks(self, choice: Choice) -> list[str]:
        return lacks(choice.runtime)

    def prepare(self, choice: Choice, steps: Steps) -> None:
        runtime = choice.runtime
        home, stamp = self.home(runtime), self.home(runtime) / ".installed"
        wanted = _digest(runtime)
        if stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return
        with steps.step(f"installing the {runtime.title} runtime into {home}") as step:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            stream(
                [str(runtime.folder / "install.sh")],
                step.tell,
                env=surroundings() | _variables(home=home),
                what=f"{runtime.folder / 'install.sh'}",
            )
            stamp.write_text(wanted, encoding="utf-8")

    def build(self, choice: Choice, source: Path, built: Path, tell: Tell) -> None:
        home = self.home(choice.runtime)
        env = surroundings() | _variables(home=home, source=source, build=built)
        stream([str(home / "build.sh")], tell, env=env, what=f"build.sh on {source}")

    def launch(self, choice: Choice, built: Path, options: LaunchOptions) -> Launched:
        terms = contract.load()
        port = options.port or free_port()
        home = self.home(choice.runtime)
        env = surroundings() | dict(options.env) | _variables(home=home, source=built, build=built)
        env |= {
            terms.variable("host"): LOOPBACK,
            terms.variable("port"): str(port),
            terms.variable("secret"): options.secret,
        }
        process = subprocess.Popen(
            [str(home / "launch.sh")],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent(),
            cwd=built,
        )
        grace = float(options.env.get(terms.variable("grace"), terms.default("grace")))
        launched = LaunchedProcess(process, port, options.secret, grace)
        self._run.at_end(launched.remove)
        return launched

    def home(self, runtime: Runtime) -> Path:
        """Where the runtime is installed, RUNTIME_HOME."""
        return repository.state() / "homes" / runtime.language


@define
class LaunchedProcess(Launched):
    """A server that is a child of this process, alone in its session."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str
    grace: float

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                yield line.decode("utf-8", "replace").rstrip("\n")

    def alive(self) -> bool:
        return self.process.poll() is None

    def drain(self) -> int:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(self.grace + EXIT_SECONDS)
        self.remove()
        return int(self.process.returncode)

    def remove(self) -> None:
        # The group outlives its leader where a function started processes of its own.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def lacks(runtime: Runtime) -> list[str]:
    """What this machine misses to run *runtime*, each with how to get it."""
    return [problem for need in runtime.requires if (problem := problem_with(need))]


def problem_with(need: Requirement) -> str:
    """Why the machine doesn't meet a requirement and what to do about it; empty when it does."""
    found = version_of(need)
    if found is None:
        return f"{need.command} {need.minimum} or newer is not here: {need.install}"
    if _numbers(found) < _numbers(need.minimum):
        return f"{need.command} {found} is here, {need.minimum} or newer is needed: {need.install}"
    return ""


def version_of(need: Requirement) -> str | None:
    """The version that a required command tells, None where there is none."""
    if not shutil.which(need.version[0]):
        return None
    try:
        done = subprocess.run(need.version, capture_output=True, text=True, timeout=_ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout + done.stderr)
    return found[0] if found and done.returncode == 0 else None


def surroundings() -> dict[str, str]:
    """This process's environment less what the contract gives a meaning to: none of it is meant for a function."""
    names = {variable["name"] for variable in contract.load().values["variables"].values()}
    return {name: value for name, value in os.environ.items() if name not in names}


def _variables(**folders: Path) -> dict[str, str]:
    return {contract.load().variable(name): str(folder) for name, folder in folders.items()}


def _end_with_parent() -> Callable[[], None] | None:
    """Asks Linux to end a child when this process is killed without a chance to do so."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _digest(runtime: Runtime) -> str:
    """Changes with every file that install.sh may read, those of the folders that the runtime shares
    with others among them, and with the versions of the toolchain."""
    tools = [f"{need.command} {version_of(need)}" for need in runtime.requires]
    own, *shared = runtime.folders
    return repository.digest(own, *map(repository.digest, shared), *tools)

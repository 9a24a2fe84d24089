"""Plain processes: build.sh and launch.sh with the machine's own toolchain, or any command that
serves."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from .. import contract
from ..runtime import Runtime
from .base import (
    FREE,
    LOOPBACK,
    Ability,
    Confined,
    Launcher,
    LogCollector,
    Running,
    Stats,
    TargetError,
    TargetFailed,
    free_port,
)

_START_SECONDS = 30.0
# What a process needs of its surroundings to find its toolchain and its certificates, and nothing
# that it would leak. A runtime.yaml may name more.
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
_PASSED_ON_ENDS = (
    "_CERT",
    "_CAFILE",
    "_CA_CERTS",
    "_CA_BUNDLE",
    "_CERT_FILE",
    "_CERT_DIR",
    "_PROXY",
    "_proxy",
)


def surroundings(more: Iterable[str] = ()) -> dict[str, str]:
    """The part of this process's environment that build and launch scripts get, *more* of it where their
    runtime asks for that."""
    names = {*_PASSED_ON, *more}
    return {k: v for k, v in os.environ.items() if k in names or k.endswith(_PASSED_ON_ENDS)}


@define(eq=False)
class RunningProcess(Running):
    """A server that is a child of this process, alone in its session."""

    name: str
    host: str
    port: int
    secret: str
    process: subprocess.Popen[bytes]
    log: LogCollector = field(factory=LogCollector)
    ended_for_memory: bool = False
    _reader: threading.Thread | None = None

    def __attrs_post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def alive(self) -> bool:
        return self.process.poll() is None

    def signal(self, name: str) -> None:
        self.process.send_signal(signal.Signals[name])

    def wait(self, timeout: float) -> int:
        try:
            code = self.process.wait(timeout)
            # Its last words may still be on their way through the pipe.
            if self._reader:
                self._reader.join(1)
            return code
        except subprocess.TimeoutExpired as error:
            raise TargetFailed(f"{self.name} did not end within {timeout:g} s") from error

    def stats(self) -> Stats:
        pids = _session_members(self.process.pid)
        page, tick = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
        descriptors = memory = ticks = 0
        for pid in pids:
            with contextlib.suppress(OSError):
                descriptors += len(list(Path(f"/proc/{pid}/fd").iterdir()))
                memory += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                # utime, stime and those of children that were waited for
                ticks += sum(int(value) for value in fields[11:15])
        return Stats(descriptors, memory, ticks / tick, len(pids))

    def starved(self) -> bool:
        return self.ended_for_memory

    def stop(self) -> None:
        for pid in _session_members(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self._reader:
            self._reader.join(1)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.log.add([line.rstrip(b"\n")])


def _session_members(leader: int) -> list[int]:
    """All processes of the session that *leader* leads, also those whose parent has gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader:
                    found.append(int(entry.name))
    return found


class CommandLauncher(Launcher):
    """Launches a command that reads the contract's variables."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        abilities: Iterable[str] = (),
    ) -> None:
        self.name = self.argument = name
        self._command = list(command)
        self._env = dict(env or {})
        self._running: list[RunningProcess] = []
        self.abilities = frozenset(
            {Ability.LOGS, Ability.LAUNCH, Ability.SIGNALS, Ability.STATS, *abilities}
        )

    def prepare(self) -> None:
        """Nothing to do: the command is there."""

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> RunningProcess:
        terms = contract.load()
        secret, port = secrets.token_urlsafe(18), free_port()
        full = surroundings() | self._env
        full |= {
            terms.variable("host"): LOOPBACK,
            terms.variable("port"): str(port),
            terms.variable("secret"): secret,
        }
        if folder is not None:
            full |= {terms.variable("build"): str(folder), terms.variable("source"): str(folder)}
        full |= env
        try:
            process = subprocess.Popen(
                self._command,
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=tempfile.gettempdir(),
            )
        except OSError as error:
            raise TargetError(f"{self._command[0]} can't be started: {error}") from error
        running = RunningProcess(
            self.name, LOOPBACK, port, full.get(terms.variable("secret"), ""), process
        )
        self._running.append(running)
        if wait:
            running.wait_ready(_START_SECONDS, path=wait)
        return running

    def close(self) -> None:
        for running in self._running:
            running.stop()
        self._running.clear()


class ScriptsLauncher(CommandLauncher):
    """build.sh and launch.sh of a runtime's folder, installed into *home*."""

    def __init__(self, runtime: Runtime, home: Path, function: Path | None = None) -> None:
        self.runtime = runtime
        self.home = home
        self.function = function or runtime.function_folder
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        self._built = self._folder / "build"
        variables = surroundings((*runtime.environment, *runtime.certificates))
        variables[contract.load().variable("home")] = str(home)
        abilities = {Ability.BUILD, Ability.SCRIPTS}
        if runtime.kind == "interpreted":
            abilities.add(Ability.SOURCE)
        super().__init__(
            f"{runtime.language} (process)", [str(home / "launch.sh")], variables, abilities
        )
        self.language = runtime.language
        self.broken, self.throws, self.blocks = runtime.broken, runtime.throws, runtime.blocks
        self.argument = f"{runtime.language} --engine process"

    def prepare(self) -> None:
        self.install()
        self._built.mkdir(parents=True)
        code, output = self.build(self.function, self._built)
        if code:
            raise TargetError(
                f"build.sh failed on {self.function} with exit code {code}:\n{output[-3000:]}"
            )
        self.built = self._built

    def install(self) -> None:
        """Puts the server into the home folder, again whenever the runtime's files are newer. The home
        folder may be one of the runtime's: what was put there is not."""
        stamp = self.home / ".installed"
        newest = max(
            path.stat().st_mtime
            for folder in self.runtime.folders
            for path in folder.rglob("*")
            if path.is_file() and not path.is_relative_to(self.home)
        )
        if stamp.is_file() and stamp.stat().st_mtime > newest:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        began = time.time()
        done = subprocess.run(
            [str(self.runtime.folder / "install.sh")],
            env=surroundings() | self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode:
            raise TargetError(
                f"install.sh of {self.runtime.language} failed:\n{done.stdout[-3000:]}"
            )
        stamp.touch()
        os.utime(stamp, (began, began))

    def build(self, source: Path, build: Path) -> tuple[int, str]:
        terms = contract.load()
        folders = {terms.variable("source"): str(source), terms.variable("build"): str(build)}
        done = subprocess.run(
            [str(self.home / "build.sh")],
            env=surroundings() | self._env | folders,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=tempfile.gettempdir(),
        )
        return done.returncode, done.stdout

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> RunningProcess:
        return super().launch(
            env, folder=folder or self._built, beside=beside, wait=wait, confined=confined
        )

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)

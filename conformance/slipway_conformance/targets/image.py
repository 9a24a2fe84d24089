"""Images: a build image that builds, a launch image that serves, through testcontainers and the
docker SDK."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import docker
import docker.errors
import requests
from attrs import define, field
from docker.models.containers import Container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from .. import contract
from ..runtime import Runtime
from . import containers, inside, runs
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
)

_FOREIGN = "/mnt/build"
# What a container says between the output of build.sh and the digests of what it made.
_BUILT = "--- built ---"
_START_SECONDS = 30.0
# What keeps a misbehaving function from the machine: processes, and MiB.
_PROCESSES = 512
_MEMORY = 512
# Containers that are taken down at a time, while cases go on.
_REMOVALS = 2
# The reaper is an image of its own, which an offline machine hasn't got. Leftovers are swept by
# label instead.
testcontainers_config.ryuk_disabled = True


def client() -> docker.DockerClient:
    """The engine that the environment names; TargetError where none answers."""
    try:
        found = docker.from_env()
        found.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise TargetError(
            f"no container engine answers ({error}): start one, or use a process target"
        ) from error
    return found


def _held(confined: Confined) -> dict[str, Any]:
    """What the engine is told of processes, memory and network; memory that is not there can't be swapped
    in."""
    memory = f"{confined.memory or _MEMORY}m"
    network = {} if confined.network else {"network_mode": "none"}
    return {
        "pids_limit": _PROCESSES,
        "mem_limit": memory,
        "memswap_limit": memory,
        **network,
    }


@define(eq=False)
class RunningContainer(Running):
    """A launched container, published on the loopback only."""

    name: str
    host: str
    port: int
    secret: str
    container: Container
    log: LogCollector = field(factory=LogCollector)
    _removals: ThreadPoolExecutor | None = None
    _follower: threading.Thread | None = None
    _stopped: bool = False

    def __attrs_post_init__(self) -> None:
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    def dial(self, timeout: float, *, near: bool = False) -> socket.socket:
        # Where the engine publishes a port by a process of its own, that one keeps megabytes of an answer.
        if near:
            found = inside.connect(self._process(), contract.load().default("port"), timeout)
            if found:
                return found
        return super().dial(timeout)

    def _process(self) -> int:
        """Process 1 of the container, as this machine knows it."""
        if not self.container.attrs["State"]["Pid"]:
            self.container.reload()
        return int(self.container.attrs["State"]["Pid"])

    def alive(self) -> bool:
        if self._stopped:
            return False
        # The engine ends a log with its container: it need not be asked before each case.
        if self._follower and self._follower.is_alive():
            return True
        try:
            self.container.reload()
        except docker.errors.NotFound:
            return False
        return bool(self.container.status == "running")

    def signal(self, name: str) -> None:
        try:
            self.container.kill(name)
        except docker.errors.APIError as error:
            raise TargetFailed(f"{self.name} can't be sent {name}: {error.explanation}") from error

    def wait(self, timeout: float) -> int:
        try:
            code: int = self.container.wait(timeout=timeout)["StatusCode"]
        except requests.RequestException as error:
            raise TargetFailed(f"{self.name} did not end within {timeout:g} s") from error
        if self._follower:
            self._follower.join(2)
        return code

    def stats(self) -> Stats:
        figures = cast("dict[str, Any]", self.container.stats(stream=False, one_shot=True))
        memory = figures["memory_stats"]
        used = memory.get("usage", 0) - memory.get("stats", {}).get("inactive_file", 0)
        # Privileged, since a server may hide its descriptors from the user id that it shares with
        # the function.
        script = "for p in /proc/[0-9]*; do [ -e $p/exe ] && ls $p/fd 2>/dev/null | wc -l; done"
        listed = self.container.exec_run(["sh", "-c", script], user="0", privileged=True)
        counts = [int(word) for word in cast("bytes", listed.output).split() if word.isdigit()]
        cpu = figures["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        return Stats(sum(counts), used, cpu, len(counts))

    def starved(self) -> bool:
        self.container.reload()
        return bool(self.container.attrs["State"]["OOMKilled"])

    def stop(self) -> None:
        """Nobody waits until the engine has taken it down, but for the end of the run."""
        if self._stopped:
            return
        self._stopped = True
        try:
            if self._removals:
                self._removals.submit(containers.remove, self.container)
                return
        except RuntimeError:
            """The run has ended: so it goes at once."""
        containers.remove(self.container)

    def _follow(self) -> None:
        rest = b""
        with contextlib.suppress(docker.errors.DockerException, requests.RequestException, OSError):
            for chunk in self.container.logs(stream=True, follow=True):
                *whole, rest = (rest + chunk).split(b"\n")
                self.log.add(whole)
        if rest:
            self.log.add([rest])


class ImageLauncher(Launcher):
    """A launch image, and the build image beside it that builds the conformance function
    *function*."""

    def __init__(self, image: str, function: Path | None, build_image: str | None = None) -> None:
        self.name = self.argument = image
        self._image = image
        self._build_image = build_image or f"{image}-build"
        self.function = function
        self._engine = client()
        self._label = {runs.LABEL: runs.new_name()}
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        self._folder.chmod(0o755)
        self._built: Path | None = None
        self._containers: list[RunningContainer] = []
        self._removals = ThreadPoolExecutor(_REMOVALS)
        labels = self._labels_of(image)
        self.language = labels.get(contract.load().label("language"), "")
        self.version = labels.get(contract.load().label("version"), "")
        named = labels.get(contract.load().label("profiles"), "")
        self.profiles = frozenset(named.split(",")) if named else None
        memory = labels.get(contract.load().label("memory"), "")
        self.memory = int(memory) if memory.isdecimal() else 0
        abilities = set(Ability) - {Ability.SCRIPTS, Ability.SOURCE}
        self.abilities = frozenset(abilities)

    def describe(self, runtime: Runtime) -> None:
        """Takes over what no label says: that plain source launches too where the language is interpreted,
        which sources can't be loaded, what waits by blocking, and how much memory it needs where the image
        is silent."""
        self.memory = self.memory or runtime.memory
        self.broken, self.throws, self.blocks = runtime.broken, runtime.throws, runtime.blocks
        if runtime.kind == "interpreted":
            self.abilities |= {Ability.SOURCE}

    def prepare(self) -> None:
        containers.sweep(self._engine)
        if self.function is None:
            return
        self._built = self._folder / "build"
        self._built.mkdir()
        code, output = self.build(self.function, self._built)
        if code:
            raise TargetError(
                f"{self._build_image} failed on {self.function} with exit code {code}:\n{output[-3000:]}"
            )
        self.built = self._built

    def build(self, source: Path, build: Path) -> tuple[int, str]:
        where = contract.load().default("build")
        return self._build(
            source,
            user=f"{os.getuid()}:{os.getgid()}",
            volumes={str(build.resolve()): {"bind": where, "mode": "rw"}},
        )

    def build_as_own_user(self, source: Path) -> tuple[int, str, dict[str, str]]:
        """As ``build``, by the image's own user, into a folder of somebody else's that everybody may write
        to and that goes with the container; with the SHA-256 digests of the files in it."""
        variables = {contract.load().variable("build"): _FOREIGN}
        config = self._engine.images.get(self._build_image).attrs["Config"]
        script = shlex.join([*(config["Entrypoint"] or []), *(config["Cmd"] or [])])
        # Without these tools there are no digests, which is no failure of the build.
        digests = f"cd {_FOREIGN} && find . -type f -exec sha256sum {{}} + || :"
        code, output = self._build(
            source,
            tmpfs={_FOREIGN: "mode=0777,exec"},
            environment=variables,
            entrypoint=["sh", "-c", f"{script} || exit; echo; echo {_BUILT}; {digests}"],
        )
        told, _, listed = output.rpartition(f"\n{_BUILT}\n")
        pairs = (line.split(maxsplit=1) for line in listed.splitlines() if told)
        return code, told or output, {name.removeprefix("./"): digest for digest, name in pairs}

    def _build(self, source: Path, **options: Any) -> tuple[int, str]:
        where = contract.load().default("source")
        mounted = {str(source.resolve()): {"bind": where, "mode": "ro"}}
        try:
            container = self._engine.containers.run(
                self._build_image,
                detach=True,
                labels=self._label,
                volumes=mounted | options.pop("volumes", {}),
                **options,
            )
        except docker.errors.DockerException as error:
            raise TargetError(f"{self._build_image} can't be run: {error}") from error
        try:
            code = container.wait(timeout=900)["StatusCode"]
            return int(code), container.logs().decode("utf-8", "replace")
        finally:
            containers.remove(container)

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> RunningContainer:
        terms = contract.load()
        secret = secrets.token_urlsafe(18)
        full = {terms.variable("secret"): secret} | dict(env)
        port = f"{terms.default('port')}/tcp"
        wrapped = DockerContainer(self._image)
        if confined.network:
            # Typed as a port alone; the engine takes an address beside it.
            wrapped.ports = cast("Any", {port: (LOOPBACK, None)})
        for name, value in full.items():
            wrapped.with_env(name, value)
        mounted = folder or self._built
        if mounted is not None:
            wrapped.with_volume_mapping(mounted.resolve(), terms.default("build"), "ro")
        if beside is not None:
            wrapped.with_volume_mapping(beside, str(beside), "ro")
        hardening: dict[str, Any] = {**containers.HARDENING}
        # Given to the engine as it stands here, and may be given once.
        wrapped.tmpfs = {**hardening.pop("tmpfs")}
        wrapped.with_kwargs(**hardening, **_held(confined), labels=self._label)
        try:
            container = wrapped.start().get_wrapped_container()
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise TargetError(f"{self._image} can't be launched: {error}") from error
        container.reload()
        bound = (container.attrs["NetworkSettings"]["Ports"] or {}).get(port)
        published = int(bound[0]["HostPort"]) if bound else 0
        running = RunningContainer(
            self.name,
            LOOPBACK,
            published,
            full.get(terms.variable("secret"), ""),
            container,
            removals=self._removals,
        )
        self._containers.append(running)
        if wait:
            running.wait_ready(_START_SECONDS, path=wait)
        return running

    def close(self) -> None:
        for running in self._containers:
            running.stop()
        self._containers.clear()
        self._removals.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run_in_image(self, script: str) -> str:
        output = self._engine.containers.run(
            self._image, ["-c", script], entrypoint="sh", remove=True, labels=self._label
        )
        return bytes(output).decode("utf-8", "replace")

    def labels(self) -> Mapping[str, Mapping[str, str]]:
        return {"launch": self._labels_of(self._image), "build": self._labels_of(self._build_image)}

    def _labels_of(self, image: str) -> dict[str, str]:
        try:
            found = self._engine.images.get(image)
        except docker.errors.ImageNotFound as error:
            raise TargetError(
                f"there is no image {image} on this machine: build or pull it first"
            ) from error
        return dict(found.labels)

"""A run that is ended halfway leaves nothing on the machine. Needs an engine, and images that are there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from slipway_conformance import contract
from slipway_conformance.runtime import Runtime
from slipway_conformance.targets import TargetError
from slipway_conformance.targets.image import client
from slipway_conformance.targets.runs import LABEL
from slipway_tools import repository
from slipway_tools.engine import images

pytestmark = pytest.mark.containers

_BEGINS_SECONDS, _ENDS_SECONDS = 60.0, 60.0
# Well within the cases, of which all together take most of a minute.
_CASES_SECONDS = 3.0


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """What a shell started in the background doesn't hear Ctrl-C, and neither would what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    try:
        found = client()
    except TargetError as error:
        pytest.skip(str(error))
    yield found
    found.close()


@pytest.fixture(scope="module")
def language(engine: docker.DockerClient) -> str:
    """One whose images are there: those first that needn't be built again before anything begins, then
    those that are interpreted, since builds of the others take long."""

    def stale(runtime: Runtime) -> bool:
        choice = repository.choose(runtime.language)
        return not all(images.current(engine, choice, role) for role in images.ROLES)

    def last(runtime: Runtime) -> tuple[bool, bool]:
        return stale(runtime), runtime.kind != "interpreted"

    for runtime in sorted(repository.runtimes(), key=last):
        image = repository.choose(runtime.language).launch_image
        if engine.images.list(name=image):
            return runtime.language
    pytest.skip("no runtime's images are on this machine: slipway images build")


def _own(engine: docker.DockerClient, pid: int) -> list[Container]:
    found = engine.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    return [c for c in found if c.labels[LABEL].startswith(f"{pid}-")]


def _has_role(container: Container, role: str) -> bool:
    return bool(container.labels.get(contract.load().label("role")) == role)


def _wait(holds: Callable[[], bool], seconds: float, told: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, told
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("role", "after", "number"),
    [
        ("build", 0.0, signal.SIGINT),
        ("launch", 0.0, signal.SIGTERM),
        ("launch", _CASES_SECONDS, signal.SIGINT),
        ("launch", _CASES_SECONDS, signal.SIGTERM),
    ],
    ids=["SIGINT in the build", "SIGTERM at the start", "SIGINT in a case", "SIGTERM in a case"],
)
def test_it_leaves_nothing(
    engine: docker.DockerClient,
    language: str,
    role: str,
    after: float,
    number: signal.Signals,
    tmp_path: Path,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = ["verify", language, "--engine", "docker", "--reports", str(tmp_path / "reports")]
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "slipway_tools", *command],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(
            lambda: (
                run.poll() is not None or any(_has_role(c, role) for c in _own(engine, run.pid))
            ),
            _BEGINS_SECONDS,
            f"no container with the role {role} came",
        )
        time.sleep(after)
        volumes = {m["Name"] for c in _own(engine, run.pid) for m in _mounts(c) if "Name" in m}
        assert run.poll() is None, (tmp_path / "output").read_text()
        run.send_signal(number)
        code = run.wait(_ENDS_SECONDS)
    finally:
        run.kill()
    assert code != 0
    labelled = {"label": LABEL}
    mine = f"{run.pid}-"
    assert not _own(engine, run.pid)
    assert not [n for n in engine.networks.list(filters=labelled) if _of(n.attrs, mine)]
    assert not [v for v in engine.volumes.list(filters=labelled) if _of(v.attrs, mine)]
    assert not [i for i in engine.images.list(filters=labelled) if i.labels[LABEL].startswith(mine)]
    assert not volumes & {v.name for v in engine.volumes.list()}
    assert not list(temporary.iterdir())
    assert not list((repository.state() / "runs").glob(f"{mine}*"))


def _mounts(container: Container) -> list[dict[str, str]]:
    found: list[dict[str, str]] = container.attrs["Mounts"]
    return found


def _of(attributes: dict[str, dict[str, str] | None], name: str) -> bool:
    return (attributes.get("Labels") or {}).get(LABEL, "").startswith(name)

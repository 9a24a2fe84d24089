"""Builds the images of this repository, two at a time, and tells what is in them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from functools import partial

import docker
from attrs import frozen
from docker.errors import ImageNotFound
from docker.models.images import Image
from rich.table import Table
from slipway_conformance import contract

from .. import parallel, repository
from ..errors import ToolError
from ..repository import Choice
from ..run import Run
from ..terminal import Steps
from . import buildkit, standin
from .model import Tell

BASE = f"{repository.NAMESPACE}/base:1"
# A digest of the files that an image was built from.
SOURCE_LABEL = "org.slipway.source"
# In the order of the Dockerfile: what `launch` shares with `build` is then there already.
ROLES = ("build", "launch")


@frozen
class Row:
    """One image of this repository. ``own`` is its size in bytes without the layers of the base."""

    name: str
    own: int
    age: datetime.timedelta


def tag(choice: Choice, role: str) -> str:
    return choice.build_image if role == "build" else choice.launch_image


def ensure(client: docker.DockerClient, wanted: Sequence[Choice], run: Run, steps: Steps) -> None:
    """Builds those images of *wanted* that are missing or older than the runtime's files."""
    stale = [c for c in wanted if not all(current(client, c, role) for role in ROLES)]
    if stale:
        build(client, stale, run, steps)


def build(client: docker.DockerClient, wanted: Sequence[Choice], run: Run, steps: Steps) -> None:
    """Builds the base and all images of *wanted*; the engine's cache keeps what hasn't changed.

    One that fails keeps none of the others from being built.
    """
    build_base(client, run, steps)
    for name, below in shared(wanted).items():
        _build_shared(name, below, steps)
    parallel.run([partial(_build, choice, steps) for choice in wanted])


def shared(wanted: Sequence[Choice]) -> dict[str, tuple[str, ...]]:
    """The folders that *wanted* share, each after those that it may copy from, which are named with it."""
    return {
        name: choice.runtime.shared[:at]
        for choice in wanted
        for at, name in enumerate(choice.runtime.shared)
    }


def _build_shared(name: str, below: Sequence[str], steps: Steps) -> None:
    """What several runtimes copy from: a folder beside theirs, and an image of its name."""
    with steps.step(f"image {_shared_tag(name)}") as step:
        folder = repository.root() / "runtimes" / name
        wanted = buildkit.Build(folder, _shared_tag(name), args=_args(below))
        buildkit.build(wanted, step.tell)


def check_shared(client: docker.DockerClient, name: str, below: Sequence[str], tell: Tell) -> None:
    """Formats, lints and tests what several runtimes copy from: the target `check` of its Dockerfile, of
    which nothing is kept. ToolError with its last lines where that finds anything."""
    folder, made = repository.root() / "runtimes" / name, f"{_shared_tag(name)}-check"
    buildkit.build(buildkit.Build(folder, made, target="check", args=_args(below)), tell)
    client.images.remove(made, force=True)


def _shared_tag(name: str) -> str:
    return f"{repository.NAMESPACE}/{name}:1"


def _args(names: Sequence[str]) -> dict[str, str]:
    """The build arguments that say which images a Dockerfile copies from."""
    return {"BASE": BASE, **{name.upper(): _shared_tag(name) for name in names}}


def build_base(client: docker.DockerClient, run: Run, steps: Steps) -> None:
    with steps.step(f"image {BASE}") as step:
        standin.ensure(client, standin.wanted(), run, step)
        folder = repository.root() / "runtimes" / "base"
        buildkit.build(buildkit.Build(folder, BASE), step.tell)


def _build(choice: Choice, steps: Steps) -> None:
    for role in ROLES:
        name = tag(choice, role)
        with steps.step(f"image {name}") as step:
            wanted = buildkit.Build(
                choice.runtime.folder,
                name,
                target=role,
                args={**_args(choice.runtime.shared), **choice.version.args},
                labels={**repository.labels(choice, role), SOURCE_LABEL: source(choice)},
            )
            buildkit.build(wanted, step.tell)


def check_publishable(client: docker.DockerClient, names: Sequence[str]) -> None:
    """ToolError where one of *names* is missing, or stands on what was made for this machine only."""
    for name in names:
        try:
            labels = client.images.get(name).labels
        except ImageNotFound:
            raise ToolError(f"There is no image {name}: ./slipway images build") from None
        if standin.LABEL in labels:
            raise ToolError(
                f"{name} must not be published: its base was made on this machine, with the machine's "
                "own certificates. Build where a registry answers."
            )


def rows(client: docker.DockerClient) -> list[Row]:
    """All images here that carry the contract's labels."""
    label = contract.load().label("language")
    try:
        shared = set(client.images.get(BASE).attrs["RootFS"]["Layers"])
        base_size = int(client.images.get(BASE).attrs["Size"])
    except ImageNotFound:
        shared, base_size = set(), 0
    now = datetime.datetime.now(datetime.UTC)
    found = []
    for image in client.images.list(filters={"label": label}):
        on_base = shared <= set(image.attrs["RootFS"]["Layers"])
        own = int(image.attrs["Size"]) - (base_size if shared and on_base else 0)
        found += [Row(name, own, now - _created(image)) for name in _names(image)]
    return sorted(found, key=lambda row: row.name)


def table(found: Sequence[Row]) -> Table:
    shown = Table("image", "own layers, MB", "age", box=None)
    shown.columns[1].justify = "right"
    for row in found:
        shown.add_row(row.name, f"{row.own / 1e6:.1f}", _age(row.age))
    return shown


def _age(age: datetime.timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _names(image: Image) -> Iterable[str]:
    return [name for name in image.tags if name.startswith(f"{repository.NAMESPACE}/")]


def _created(image: Image) -> datetime.datetime:
    # Nanoseconds are more than datetime reads.
    text: str = image.attrs["Created"][:19]
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def current(client: docker.DockerClient, choice: Choice, role: str) -> bool:
    """Whether an image is there and made from the files as they stand."""
    try:
        return client.images.get(tag(choice, role)).labels.get(SOURCE_LABEL) == source(choice)
    except ImageNotFound:
        return False


def source(choice: Choice) -> str:
    """A digest of all that an image is made from, and of what its labels say."""
    base = (repository.root() / "runtimes" / "base" / "Dockerfile").read_text("utf-8")
    own, *shared = choice.runtime.folders
    others = map(repository.digest, shared)
    labels = (f"{name}={value}" for name, value in repository.labels(choice, "").items())
    return repository.digest(own, base, *others, *choice.version.args.values(), *labels)

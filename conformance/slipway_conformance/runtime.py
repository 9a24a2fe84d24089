"""runtime.yaml as values: what the suite and the tools know of a language. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
from attrs import field, frozen

from . import data


class RuntimeFileError(ValueError):
    """A runtime.yaml can't be used; the message says where it is wrong."""


@frozen
class Version:
    """One version of a language; ``args`` are build arguments of its Dockerfile."""

    version: str
    default: bool = False
    args: Mapping[str, str] = field(factory=dict)


@frozen
class KnownGap:
    """A case that a runtime is known to fail, why, and since when (a date)."""

    case: str
    reason: str
    since: str


@frozen
class Requirement:
    """A command that the process engine needs, how to ask its version, and how to get it."""

    command: str
    minimum: str
    version: tuple[str, ...]
    install: str


@frozen
class Check:
    """A formatter or linter, run in the build image."""

    name: str
    command: tuple[str, ...]


@frozen
class Server:
    """A server that the bench compares."""

    title: str
    command: tuple[str, ...]


@frozen
class Bench:
    """The servers beside which a runtime is measured. ``aims`` overrides the common aims."""

    bare: Server
    suggested: tuple[Server, ...] = ()
    prepare: tuple[str, ...] = ()
    aims: Mapping[str, float] = field(factory=dict)


@frozen
class Runtime:
    """A language's runtime. ``folder`` is where its runtime.yaml stands, ``shared`` names the folders beside
    it that hold a part of it, ``entrypoint`` is the function's file in its source, ``built`` what is launched
    of its build, where that is another name, ``memory`` is the MiB in which it serves, 0 where it doesn't
    say, ``plain_server`` the server that answers without a container, where that is another one. ``broken``
    is a source that can't be loaded, empty where any nonsense is one, ``throws`` one that throws while it is
    loaded. ``blocks`` is what is launched of the conformance function where its steps wait by blocking their
    thread, empty where functions only await. ``certificates`` and ``environment`` name variables that its
    toolchain goes by."""

    language: str
    title: str
    kind: str
    server: str
    entrypoint: str
    extensions: tuple[str, ...]
    versions: tuple[Version, ...]
    profiles: tuple[str, ...]
    known_gaps: tuple[KnownGap, ...]
    requires: tuple[Requirement, ...]
    checks: tuple[Check, ...]
    bench: Bench | None
    folder: Path
    memory: int = 0
    shared: tuple[str, ...] = ()
    plain_server: str = ""
    built: str = ""
    broken: str = ""
    throws: str = ""
    blocks: str = ""
    certificates: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Its own folder, and those that it shares with other runtimes."""
        return (self.folder, *(self.folder.parent / name for name in self.shared))

    @property
    def default_version(self) -> Version:
        return next((version for version in self.versions if version.default), self.versions[0])

    @property
    def function_folders(self) -> tuple[Path, Path]:
        """Where the conformance function of this language may be: in the runtime's own folder, or beside
        the suite, where that is no wheel."""
        return (self.folder / "conformance", data.root() / "functions" / self.language)

    @property
    def function_folder(self) -> Path:
        """The conformance function of this language; the last place where there is none."""
        *others, last = self.function_folders
        return next((folder for folder in others if folder.is_dir()), last)


def load(path: Path) -> Runtime:
    """The runtime that *path* (a folder or a runtime.yaml) describes; RuntimeFileError says what is
    wrong."""
    file = path / "runtime.yaml" if path.is_dir() else path
    if not file.is_file():
        raise RuntimeFileError(f"{file} does not exist: a runtime's folder holds a runtime.yaml")
    try:
        values = data.read_yaml(file)
    except ValueError as error:
        raise RuntimeFileError(str(error)) from error
    problems = sorted(
        jsonschema.Draft202012Validator(data.schema("runtime")).iter_errors(values),
        key=lambda problem: list(problem.absolute_path),
    )
    if problems:
        lines = [
            f"{file}: {'/'.join(map(str, p.absolute_path)) or 'document'}: {p.message}"
            for p in problems
        ]
        raise RuntimeFileError("\n".join(lines))
    found = _from_values(values, file.parent.resolve())
    for name, folder in zip(found.shared, found.folders[1:], strict=True):
        if not folder.is_dir():
            raise RuntimeFileError(f"{file}: shared: {name}: there is no folder {folder}")
    return found


def load_all(folder: Path) -> list[Runtime]:
    """All runtimes below *folder*, by language."""
    return [load(file) for file in sorted(folder.glob("*/runtime.yaml"))]


def _from_values(values: Mapping[str, Any], folder: Path) -> Runtime:
    bench, process = values.get("bench"), values.get("process", {})
    return Runtime(
        language=values["language"],
        title=values["title"],
        kind=values["kind"],
        server=values["server"],
        entrypoint=values["entrypoint"],
        extensions=tuple(values["extensions"]),
        versions=tuple(Version(**version) for version in values["versions"]),
        profiles=tuple(values["profiles"]),
        known_gaps=tuple(KnownGap(**gap) for gap in values.get("known_gaps", [])),
        requires=tuple(
            Requirement(
                need["command"], str(need["minimum"]), tuple(need["version"]), need["install"]
            )
            for need in process.get("requires", [])
        ),
        checks=tuple(
            Check(check["name"], tuple(check["command"])) for check in values.get("checks", [])
        ),
        bench=_bench(bench) if bench else None,
        folder=folder,
        memory=values.get("memory", 0),
        shared=tuple(values.get("shared", [])),
        plain_server=process.get("server", ""),
        built=values.get("built", ""),
        broken=values.get("broken", ""),
        throws=values.get("throws", ""),
        blocks=values.get("blocks", ""),
        certificates=tuple(values.get("certificates", [])),
        environment=tuple(process.get("environment", [])),
    )


def _bench(values: Mapping[str, Any]) -> Bench:
    def server(found: Mapping[str, Any]) -> Server:
        return Server(found["title"], tuple(found["command"]))

    return Bench(
        bare=server(values["bare"]),
        suggested=tuple(server(found) for found in values.get("suggested", [])),
        prepare=tuple(values.get("prepare", [])),
        aims=values.get("aims", {}),
    )

"""What there is to measure: read from runtimes/*/runtime.yaml and the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from .aims import Aims, from_yaml
from .errors import BenchError
from .model import Role


@frozen
class ServerSpec:
    """A server to start in the launch image; without a command it is the runtime itself."""

    name: str
    role: Role
    title: str
    command: tuple[str, ...] = ()


@frozen
class RuntimeSpec:
    language: str
    title: str
    version: str
    folder: Path
    servers: tuple[ServerSpec, ...]
    prepare: tuple[str, ...]
    aims: Aims

    @property
    def launch_image(self) -> str:
        return f"slipway/{self.language}:{self.version}"

    @property
    def build_image(self) -> str:
        return f"{self.launch_image}-build"

    @property
    def bench(self) -> Path:
        return self.folder / "bench"


@frozen
class Contract:
    """The facts of contract.yaml that a measurement needs."""

    secret_header: str
    secret_variable: str
    port: int
    source: str
    build: str
    uid: int


def find_root() -> Path:
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "conformance" / "contract.yaml").is_file():
                return folder
    raise BenchError(
        "No Slipway repository here: run this in a clone (a folder with conformance/contract.yaml)."
    )


def read_contract(root: Path) -> Contract:
    facts = yaml.safe_load((root / "conformance" / "contract.yaml").read_text(encoding="utf-8"))
    return Contract(
        secret_header=facts["headers"]["secret"],
        secret_variable=facts["variables"]["secret"]["name"],
        port=facts["variables"]["port"]["default"],
        source=facts["container"]["source"],
        build=facts["container"]["build"],
        uid=facts["container"]["uid"],
    )


def read_runtimes(root: Path, names: Iterable[str]) -> list[RuntimeSpec]:
    """The named runtimes (`language` or `language:version`), or all that have a bench section."""
    documents = {
        path.parent: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((root / "runtimes").glob("*/runtime.yaml"))
    }
    by_language = {data["language"]: (folder, data) for folder, data in documents.items()}
    wanted = list(names)
    if not wanted:
        return [_spec(f, d, None) for f, d in by_language.values() if d.get("bench")]
    specs = []
    for name in wanted:
        language, _, version = name.partition(":")
        if language not in by_language:
            raise BenchError(
                f"There is no runtime {language!r}: choose from {', '.join(by_language)}."
            )
        folder, data = by_language[language]
        if not data.get("bench"):
            raise BenchError(f"{folder}/runtime.yaml has no bench section: add one with `bare`.")
        specs.append(_spec(folder, data, version or None))
    return specs


def _spec(folder: Path, data: dict[str, Any], version: str | None) -> RuntimeSpec:
    where = f"{folder}/runtime.yaml"
    versions = [str(entry["version"]) for entry in data["versions"]]
    if version is None:
        defaults = [str(e["version"]) for e in data["versions"] if e.get("default")]
        version = (defaults or versions)[0]
    elif version not in versions:
        raise BenchError(f"{where} has no version {version!r}: choose from {', '.join(versions)}.")
    bench = data["bench"]
    if "bare" not in bench:
        raise BenchError(f"{where}: the bench section needs `bare`, the server to compare with.")
    bare = bench["bare"]
    servers = [
        ServerSpec("slipway", "runtime", f"Slipway {data['title']}"),
        ServerSpec("bare", "bare", bare["title"], tuple(bare["command"])),
    ]
    for entry in bench.get("suggested", []):
        servers.append(
            ServerSpec(_slug(entry["title"]), "suggested", entry["title"], tuple(entry["command"]))
        )
    return RuntimeSpec(
        language=data["language"],
        title=data["title"],
        version=version,
        folder=folder,
        servers=tuple(servers),
        prepare=tuple(bench.get("prepare", ())),
        aims=from_yaml(bench.get("aims"), where),
    )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")

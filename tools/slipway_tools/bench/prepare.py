"""What must exist before a server starts: the built function, and the servers to compare with.

Both are kept in the repository's .slipway folder under a digest of what they were made from, so
that a second run starts measuring at once.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from slipway_conformance import contract
from slipway_conformance.targets.containers import bind

from .. import repository
from .catalogue import RuntimeSpec, ServerSpec
from .engine import Engine, Launch
from .errors import BenchError

BENCH = "/bench"
BENCH_OUT = "/bench-out"
DONE = "done"


def prepare(engine: Engine, spec: RuntimeSpec) -> dict[str, Launch]:
    """Build what the runtime's servers need; how to start each server, by name."""
    choice = spec.choice
    launch = engine.client.images.get(choice.launch_image)
    build = engine.client.images.get(choice.build_image)
    cache = repository.state() / "bench"
    kind = choice.name.replace(":", "-")
    folder = cache / f"{kind}-{repository.digest(spec.folder, str(build.id), *spec.prepare)[:16]}"
    function, out = folder / "function", folder / "out"
    if not (folder / DONE).exists():
        for stale in cache.glob(f"{kind}-*"):
            shutil.rmtree(stale)
        for made in (function, out):
            made.mkdir(parents=True)
            # The servers run as another user, whatever the caller's umask.
            made.chmod(0o755)
        _build(engine, spec, str(build.id), function, out)
        (folder / DONE).touch()
    terms = contract.load()
    image = str(launch.id)
    other = {BENCH: spec.folder, BENCH_OUT: out}

    def how(server: ServerSpec) -> Launch:
        title = f"{server.title} ({choice.name})"
        if server.role == "runtime":
            return Launch(title, image, None, {terms.default("build"): function})
        return Launch(title, image, server.command, other)

    return {server.name: how(server) for server in spec.servers}


def _build(
    engine: Engine,
    spec: RuntimeSpec,
    image: str,
    function: Path,
    out: Path,
) -> None:
    terms = contract.load()
    source = spec.folder / "function"
    if not source.is_dir():
        raise BenchError(f"{source} is missing: add the function that the bench measures.")
    user = f"{os.getuid()}:{os.getgid()}"
    engine.run_to_end(
        image,
        what=f"Building {source}",
        mounts=[
            bind(terms.default("source"), source),
            bind(terms.default("build"), function, read_only=False),
        ],
        user=user,
    )
    if spec.prepare:
        engine.run_to_end(
            image,
            what=f"Preparing the servers of {spec.folder} ({' '.join(spec.prepare)})",
            entrypoint=list(spec.prepare),
            mounts=[bind(BENCH, spec.folder), bind(BENCH_OUT, out, read_only=False)],
            user=user,
        )

"""What must exist before a server starts: the built function, and the servers to compare with.

Both are kept in the repository's .slipway folder under a digest of what they were made from, so
that a second run starts measuring at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from .catalogue import RuntimeSpec, ServerSpec
from .engine import Engine, Launch, bind
from .errors import BenchError

BENCH = "/bench"
BENCH_OUT = "/bench-out"
DONE = "done"


def prepare(engine: Engine, root: Path, spec: RuntimeSpec) -> dict[str, Launch]:
    """Build what the runtime's servers need; how to start each server, by name."""
    remedy = f"./slipway images build {spec.language}"
    launch = engine.image(spec.launch_image, remedy)
    build = engine.image(spec.build_image, remedy)
    cache = root / ".slipway" / "bench"
    folder = cache / f"{spec.language}-{spec.version}-{digest(spec, build.id)}"
    function, out = folder / "function", folder / "out"
    if not (folder / DONE).exists():
        for stale in cache.glob(f"{spec.language}-{spec.version}-*"):
            shutil.rmtree(stale)
        for made in (function, out):
            made.mkdir(parents=True)
            # The servers run as another user, whatever the caller's umask.
            made.chmod(0o755)
        _build(engine, spec, build.id, function, out)
        (folder / DONE).touch()
    other = {BENCH: spec.bench, BENCH_OUT: out}

    def how(server: ServerSpec) -> Launch:
        title = f"{server.title} ({spec.language}:{spec.version})"
        if server.role == "runtime":
            return Launch(title, launch.id, None, {engine.contract.build: function})
        return Launch(title, launch.id, server.command, other)

    return {server.name: how(server) for server in spec.servers}


def _build(
    engine: Engine,
    spec: RuntimeSpec,
    image: str,
    function: Path,
    out: Path,
) -> None:
    source = spec.bench / "function"
    if not source.is_dir():
        raise BenchError(f"{source} is missing: add the function that the bench measures.")
    user = f"{os.getuid()}:{os.getgid()}"
    engine.run_to_end(
        image,
        what=f"Building {source}",
        mounts=[
            bind(engine.contract.source, source),
            bind(engine.contract.build, function, read_only=False),
        ],
        user=user,
    )
    if spec.prepare:
        engine.run_to_end(
            image,
            what=f"Preparing the servers of {spec.bench} ({' '.join(spec.prepare)})",
            entrypoint=list(spec.prepare),
            mounts=[bind(BENCH, spec.bench), bind(BENCH_OUT, out, read_only=False)],
            user=user,
        )


def digest(spec: RuntimeSpec, image: str) -> str:
    """Changes with the build image, the command that prepares, and any file of the folder."""
    total = hashlib.sha256("\0".join((image, *spec.prepare)).encode())
    for path in sorted(p for p in spec.bench.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(spec.bench)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]

"""Sections 12 and 13: the container it runs in, and the two scripts."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary

from attrs import evolve, frozen

from .. import contract
from ..cases import probe
from ..session import Session
from ..targets import Launcher
from .lifecycle import broken_source, default_entrypoint

# Compilers, linkers and package managers, by the commands that they are called by.
_TOOLCHAIN = (
    "cc gcc g++ clang ld as make cargo rustc rustup go javac swiftc ghc "
    "npm npx yarn pnpm pip pip3 uv gem bundle composer cpan luarocks "
    "apt apt-get dpkg apk dnf yum microdnf rpm"
)


@probe(
    "12.1-user", why="a function must not be root, not even in a container", needs=("container",)
)
def user(session: Session) -> None:
    wanted = str(contract.load().values["container"]["uid"])
    container = getattr(session.running, "container")  # noqa: B009
    output = container.exec_run(["sh", "-c", "cat /proc/[0-9]*/status"]).output.decode(
        errors="replace"
    )
    ids = {line.split()[1] for line in output.splitlines() if line.startswith("Uid:")}
    session.expect(ids == {wanted}, f"its processes run as {sorted(ids)}, not as {wanted} alone")


@probe(
    "12.2-hardened",
    why="what the documentation asks for must be enough to run",
    needs=("container",),
)
def hardened(session: Session) -> None:
    session.check(session.invoke([{"do": "send", "text": "x"}]), status=200, text="x")
    session.check(session.get("ready"), status=200)


@probe(
    "12.3-no-toolchain",
    why="what builds must not be there where functions run",
    needs=("container",),
)
def no_toolchain(session: Session) -> None:
    found = session.launcher.run_in_image(
        f"for name in {_TOOLCHAIN}; do command -v $name; done; true"
    ).split()
    session.expect(not found, f"the serving image holds {' '.join(found)}")


@probe(
    "12.4-writes-nothing",
    why="a server that needs a writable disk fails on one that is not",
    needs=("container",),
    alone=True,
)
def writes_nothing(session: Session) -> None:
    steps = [
        {"do": "write", "path": "/function/written"},
        {"do": "write", "path": "/tmp/written"},
        {"do": "report"},
    ]
    answer = session.invoke(steps)
    session.check(answer, status=200, contains={"seen": {"write": {"/tmp/written": "written"}}})
    outside = answer.json()["seen"]["write"].get("/function/written")
    session.expect(outside not in (None, "written"), f"writing outside /tmp said {outside!r}")
    container = getattr(session.running, "container")  # noqa: B009
    changed = [
        change["Path"] for change in container.diff() or [] if not change["Path"].startswith("/tmp")
    ]
    session.expect(not changed, f"these were written: {changed[:10]}")


@probe("13.1-images", why="an executor finds what it runs by the image alone", needs=("container",))
def images(session: Session) -> None:
    labels = session.launcher.labels()
    role = contract.load().label("role")
    for name in ("build", "launch"):
        session.expect(
            labels[name].get(role) == name,
            f"the {name} image says its role is {labels[name].get(role)}",
        )


@probe("13.2-dependency", why="what a function declares is there when it runs")
def dependency(session: Session) -> None:
    answer = session.invoke([{"do": "dependency"}, {"do": "report"}])
    session.check(answer, status=200, contains={"seen": {"dependency": {"$matches": "."}}})


@probe(
    "13.2-source-untouched",
    why="the source may be mounted read-only, and belongs to somebody",
    needs=("build",),
)
def source_untouched(session: Session) -> None:
    session.expect(_rebuilt(session).untouched, "the build changed its source folder")


@probe(
    "13.2-foreign-folder",
    why="a volume may belong to somebody else who lets everybody write to it",
    needs=("container", "build"),
)
def foreign_folder(session: Session) -> None:
    made = _rebuilt(session)
    session.expect(
        made.code == 0,
        f"the build ended with exit code {made.code}, its output with {made.output[-500:]!r}",
    )


@probe(
    "13.3-build-fails",
    why="a build that failed must not look like one that didn't",
    needs=("build",),
)
def build_fails(session: Session) -> None:
    with session.folder({"nothing-to-build.txt": "x"}) as source:
        with _target(source) as build:
            code, output = session.launcher.build(source, build)
        session.expect(code != 0, "a folder without a function was built")
        session.expect(bool(output.strip()), "the failed build said nothing")


@probe(
    "13.3-says-why",
    why="who reads that a build failed has to know which file is wrong",
    needs=("build",),
)
def says_why(session: Session) -> None:
    with _copy(_function_of(session)) as source:
        files = [path for path in source.rglob("*") if path.is_file()]
        for path in files:
            path.write_text(broken_source(session))
        with _target(source) as build:
            code, output = session.launcher.build(source, build)
    session.expect(code != 0, "files that hold nonsense were built")
    # Some tools write a manifest's name in letters of their own.
    session.expect(
        any(path.name.lower() in output.lower() for path in files),
        f"the failed build names none of its files: {output[-500:]!r}",
    )


@probe(
    "13.4-reproducible",
    why="who builds the same source twice must be able to compare",
    needs=("build",),
)
def reproducible(session: Session) -> None:
    first, function = _rebuilt(session), _function_of(session)
    with _copy(function) as source:
        # The build that is served will do, unless it was made of more than a copy has.
        served = session.launcher.built if _digest(source) == _digest(function) else None
        second = _digest(served) if served else _build(session, source)
        # Nobody promises the same bytes in another folder, where that is where the first one went.
        if first.foreign and first.files != second:
            first = _Build(_build(session, source))
    differing = sorted({name for name, _ in first.files.items() ^ second.items()})
    session.expect(not differing, f"two builds differ in {differing[:10]}")


@probe("13.5-launched-build", why="what was built is what is launched")
def launched_build(session: Session) -> None:
    session.check(session.invoke([{"do": "send", "text": "built"}]), status=200, text="built")


@probe(
    "13.5-entrypoint",
    why="a function's file may have another name, and is served from its build alone",
    needs=("source", "launch"),
)
def entrypoint(session: Session) -> None:
    terms = contract.load()
    usual, broken = default_entrypoint(session), broken_source(session)
    other = f"{usual.rpartition('.')[0]}_other.{usual.rpartition('.')[2]}"
    built = session.launcher.built or _function_of(session)
    # Neither the usual file of the build nor the same file of the source can be loaded.
    with session.folder({other: broken}) as source, session.folder() as build:
        shutil.copytree(built, build, dirs_exist_ok=True)
        (build / usual).rename(build / other)
        (build / usual).write_text(broken)
        build.chmod(0o755)
        before = _digest(build)
        env = {terms.variable("entrypoint"): other, terms.variable("source"): str(source)}
        with session.fresh(env, folder=build, beside=source, wait="health") as fresh:
            fresh.check(fresh.invoke([{"do": "send", "text": "other"}]), status=200, text="other")
        changed = sorted({name for name, _ in before.items() ^ _digest(build).items()})
        session.expect(not changed, f"the launch changed the build: {changed[:10]}")


@probe(
    "13.5-plain-source",
    why="an interpreted function without dependencies needs no build",
    needs=("source", "launch"),
)
def plain_source(session: Session) -> None:
    terms = contract.load()
    env = {terms.variable("build"): "/nonexistent"}
    if "container" in session.launcher.abilities:
        # What is mounted as the build is its source here: as good as any other.
        env[terms.variable("source")] = terms.default("build")
    with session.fresh(env) as fresh:
        fresh.check(fresh.invoke([{"do": "send", "text": "source"}]), status=200, text="source")


@probe("13.6-scripts", why="a maintainer's inner loop needs no container", needs=("scripts",))
def scripts(session: Session) -> None:
    session.check(session.invoke([{"do": "send", "text": "x"}]), status=200, text="x")


@probe("13.7-labels", why="an executor needs no table of its own", needs=("container", "launch"))
def labels(session: Session) -> None:
    terms = contract.load()
    by_role = session.launcher.labels()
    for role, found in by_role.items():
        for name in terms.values["labels"]:
            session.expect(
                bool(found.get(terms.label(name))),
                f"the {role} image has no label {terms.label(name)}",
            )
        session.expect(
            found.get(terms.label("contract")) == terms.version,
            f"the {role} image names contract {found.get(terms.label('contract'))}",
        )
        if memory := found.get(terms.label("memory")):
            session.expect(
                memory.isdecimal() and int(memory) > 0,
                f"the {role} image's {terms.label('memory')} is {memory!r}, no number of MiB",
            )
    entrypoints = {role: found.get(terms.label("entrypoint")) for role, found in by_role.items()}
    session.expect(
        len(set(entrypoints.values())) == 1, f"the images name several entry points: {entrypoints}"
    )
    # What it says it launches by default is what it launches when it is told so.
    with session.fresh(
        {terms.variable("entrypoint"): entrypoints["launch"] or ""}, wait="health"
    ) as fresh:
        fresh.check(fresh.invoke([{"do": "send", "text": "named"}]), status=200, text="named")


class _copy:
    """A folder with a copy of another one, writable by nobody but its owner."""

    def __init__(self, original: Path) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="slipway-"))
        self._top.chmod(0o755)
        self._copy = self._top / "source"
        skipped = shutil.ignore_patterns("node_modules", "target", "__pycache__", ".build")
        shutil.copytree(original, self._copy, ignore=skipped)

    def __enter__(self) -> Path:
        return self._copy

    def __exit__(self, *ignored: object) -> None:
        shutil.rmtree(self._top, ignore_errors=True)


@frozen
class _Build:
    """A build of the conformance function: its files' digests, whether its source is as it was, whether it
    went to a ``foreign`` folder, and how build.sh ended."""

    files: Mapping[str, str]
    untouched: bool = True
    foreign: bool = False
    code: int = 0
    output: str = ""


# A build takes long; what several cases want to see of one they see of the same.
_builds: WeakKeyDictionary[Launcher, _Build] = WeakKeyDictionary()
_locks: WeakKeyDictionary[Launcher, Lock] = WeakKeyDictionary()
_locks_lock = Lock()


def _rebuilt(session: Session) -> _Build:
    """One more build beside the one that is served; in a container by the image's own user, into a folder
    that isn't that user's."""
    with _locks_lock:
        lock = _locks.setdefault(session.launcher, Lock())
    # Who comes second waits for the one build.
    with lock:
        if session.launcher not in _builds:
            with _copy(_function_of(session)) as source:
                before = _digest(source)
                made = _build_foreign(session, source) or _Build(_build(session, source))
                _builds[session.launcher] = evolve(made, untouched=_digest(source) == before)
        return _builds[session.launcher]


def _build_foreign(session: Session, source: Path) -> _Build | None:
    """The build, also one that failed; None where a target has no such folder."""
    if "container" not in session.launcher.abilities:
        return None
    build = getattr(session.launcher, "build_as_own_user")  # noqa: B009
    code, output, files = build(source)
    return _Build(files, foreign=True, code=code, output=output)


def _function_of(session: Session) -> Path:
    function = getattr(session.launcher, "function", None)
    session.require(
        isinstance(function, Path), "the target doesn't say where its conformance function is"
    )
    assert isinstance(function, Path)
    return function


@contextmanager
def _target(source: Path) -> Iterator[Path]:
    """A folder beside the source for what is built of it."""
    build = source.parent / f"{source.name}-build"
    build.mkdir()
    try:
        yield build
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _build(session: Session, source: Path) -> dict[str, str]:
    with _target(source) as build:
        code, output = session.launcher.build(source, build)
        session.require(code == 0, f"build.sh ended with {code}: {output[-500:]}")
        return _digest(build)


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

"""Both distributions as somebody else has them: from wheels, without this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_conformance import contract
from slipway_conformance.targets import free_port
from slipway_conformance.targets.process import surroundings

ROOT = Path(__file__).resolve().parents[2]


class Elsewhere:
    """An environment that holds the two wheels, and an empty folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self.port = free_port()
        self._bin = folder / "venv" / "bin"

    def run(self, program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.python("-c", _START.format(program), *arguments, **env)

    def python(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._bin / "python"), "-P", *arguments],
            env=surroundings() | {"XDG_CACHE_HOME": str(self.folder.parent)} | env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def serve(self) -> subprocess.Popen[str]:
        """The reference of the installed suite; it says where it listens."""
        terms = contract.load()
        settings = {
            terms.variable("secret"): "s3cret",
            terms.variable("host"): "127.0.0.1",
            terms.variable("port"): str(self.port),
        }
        return subprocess.Popen(
            [str(self._bin / "python"), "-P", "-m", "slipway_conformance.reference"],
            env=surroundings() | settings,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
        )


_WHERE = "import slipway_tools, slipway_conformance as s; print(slipway_tools.__file__, s.__file__)"
# What a console script does, by the entry point that the wheel declares.
_START = """
import sys
from importlib.metadata import entry_points
(found,) = entry_points(group="console_scripts", name="{0}")
sys.argv[0] = "{0}"
sys.exit(found.load()())
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv")
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    for part in ("conformance", "tools"):
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=ROOT / part, check=True, capture_output=True)
    for wheel in folder.glob("*.whl"):
        # Pure Python: unpacking is all that installing it means.
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    # Packages of others come from here; the editable installs of this repository don't come with them.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Elsewhere(folder)


@pytest.fixture(scope="module")
def url(elsewhere: Elsewhere) -> Iterator[str]:
    with elsewhere.serve() as server:
        assert server.stdout is not None
        assert "listening on" in server.stdout.readline()
        yield f"http://127.0.0.1:{elsewhere.port}"
        server.terminate()


def test_the_installed_packages_are_those_of_the_wheels(elsewhere: Elsewhere) -> None:
    told = elsewhere.python("-c", _WHERE).stdout
    assert told.count(str(elsewhere.folder.parent)) == 2


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("slipway", ("verify", "{url}")),
        ("slipway-conformance", ("verify", "--url", "{url}")),
    ],
    ids=["slipway", "slipway-conformance"],
)
def test_a_server_is_judged_from_an_empty_folder(
    elsewhere: Elsewhere, url: str, program: str, arguments: tuple[str, ...]
) -> None:
    words = [word.format(url=url) for word in arguments]
    secret = {contract.load().variable("secret"): "s3cret"}
    done = elsewhere.run(program, *words, "--clause", "2", "--reports", program, **secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passes what was chosen" in done.stdout
    assert (elsewhere.folder / program / "report.html").is_file()


def test_the_wheel_holds_all_cases(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("slipway-conformance", "lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_needs_the_repository_says_so(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("slipway", "new", "hello", "--runtime", "toy")
    assert done.returncode == 1
    assert "clone of its repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_left_in_the_folder_but_reports(elsewhere: Elsewhere) -> None:
    assert {path.name for path in elsewhere.folder.iterdir()} <= {"slipway", "slipway-conformance"}
    assert not os.path.lexists(ROOT / "conformance" / "dist")

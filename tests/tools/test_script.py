"""The script ./slipway, on machines that lack something."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NEEDED = ("sh", "dirname", "readlink", "cat", "cmp", "head", "id", "mkdir", "rm", "grep", "tail")


def _machine(folder: Path, python: str) -> Path:
    """A PATH with the usual tools, and with *python* as the text of python3."""
    tools = folder / "bin"
    tools.mkdir()
    for name in _NEEDED:
        found = next(p for p in ("/usr/bin", "/bin") if (Path(p) / name).exists())
        (tools / name).symlink_to(Path(found) / name)
    (tools / "id").unlink()
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "id").chmod(0o755)
    if python:
        (tools / "python3").write_text(python)
        (tools / "python3").chmod(0o755)
    return tools


def _run(folder: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    clone = folder / "clone"
    clone.mkdir()
    for name in ("slipway", "requirements.txt", "requirements-dev.txt"):
        (clone / name).write_bytes((ROOT / name).read_bytes())
    for part in ("conformance", "tools"):
        (clone / part).mkdir()
        (clone / part / "pyproject.toml").write_bytes((ROOT / part / "pyproject.toml").read_bytes())
    (clone / "slipway").chmod(0o755)
    return subprocess.run(
        [str(clone / "slipway"), "demo"],
        env={"PATH": str(tools), "HOME": str(folder)},
        capture_output=True,
        text=True,
        cwd=os.sep,
        check=False,
    )


def test_no_python(tmp_path: Path) -> None:
    done = _run(tmp_path, _machine(tmp_path, ""))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, and this machine has no Python." in done.stderr


def test_an_old_python_is_named(tmp_path: Path) -> None:
    old = '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.1" && exit 0\nexit 1\n'
    done = _run(tmp_path, _machine(tmp_path, old))
    assert done.returncode == 1
    assert "this machine has Python 3.8.1" in done.stderr


def test_a_python_without_venv(tmp_path: Path) -> None:
    bare = '#!/bin/sh\ncase "$*" in *sys.version_info*) exit 0 ;; esac\nexit 1\n'
    done = _run(tmp_path, _machine(tmp_path, bare))
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / "clone" / ".venv").exists()

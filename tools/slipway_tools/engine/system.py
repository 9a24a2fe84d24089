"""What may be installed on this machine, and how: Debian packages, where root asks for them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import ToolError
from .model import Tell, last_lines

NO_INSTALL = "SLIPWAY_NO_INSTALL"


def may_install() -> bool:
    """Root on a machine with apt-get, unless the environment says no."""
    return os.geteuid() == 0 and bool(shutil.which("apt-get")) and not os.environ.get(NO_INSTALL)


def install(packages: Sequence[str], tell: Tell, *, if_known: Sequence[str] = ()) -> None:
    """Installs Debian packages with apt-get, and those of *if_known* that this release has; ToolError
    with apt-get's last lines when that fails."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    stream(["apt-get", "update"], tell, env=env)
    wanted = [*packages, *(name for name in if_known if _known(name))]
    stream(["apt-get", "install", "-y", "--no-install-recommends", *wanted], tell, env=env)


def _known(package: str) -> bool:
    shown = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True)
    return "Candidate:" in shown.stdout and "Candidate: (none)" not in shown.stdout


_children: set[subprocess.Popen[str]] = set()


def end_children() -> None:
    """Asks every command that a thread streams at this moment to end, and what it has started with it."""
    for process in list(_children):
        _end(process)


def stream(
    command: Sequence[str],
    tell: Tell,
    *,
    env: Mapping[str, str] | None = None,
    what: str = "",
    cwd: Path | None = None,
) -> str:
    """Runs *command*, tells each line as it comes, returns all of them; ToolError when it fails.

    *env* is the whole environment; without it the command gets this process's own.
    """
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    _children.add(process)
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if line.strip():
                tell(line)
        code = process.wait()
    except BaseException:
        _end(process)
        process.wait()
        raise
    finally:
        _children.discard(process)
        process.stdout.close()
    output = "".join(lines)
    if code:
        shown = what or " ".join(command)
        raise ToolError(f"{shown} failed with exit code {code}:\n{last_lines(output)}")
    return output


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)

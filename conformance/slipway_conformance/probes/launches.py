"""Launches that should end by themselves. An image has them all within one container: one for each would take
seconds."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import partial

from attrs import frozen

from .. import contract
from ..session import Session
from ..targets import TargetError

_SECONDS = 15
_AT_ONCE = 4
_LISTENS, _LOOKS_SECONDS = "listening on ", 0.1
# What the shell says of each before its output; the exit code of what went on running is that of `timeout`.
_MARK, _WENT_ON = "--- ended", 124


@frozen
class Ended:
    """How a launch ended: its exit code, None where it went on running, and all that it said."""

    code: int | None
    lines: Sequence[str]


def ended(session: Session, launches: Sequence[Mapping[str, str]]) -> list[Ended]:
    """One launch with each of the environments *launches*, and a secret."""
    if "container" not in session.launcher.abilities:
        return session.together([partial(_one, session, env) for env in launches], _AT_ONCE)
    output = session.launcher.run_in_image(_script(launches))
    found = []
    for part in output.split(f"{_MARK} ")[1:]:
        code, _, said = part.partition("\n")
        lines = [line for line in said.splitlines() if line.strip()]
        found.append(Ended(None if int(code) == _WENT_ON else int(code), lines))
    return found


def _one(session: Session, env: Mapping[str, str]) -> Ended:
    with session.fresh(env, wait=None) as fresh:
        code = None
        # Nobody waits for the end of what listens.
        deadline = time.monotonic() + _SECONDS
        while code is None and time.monotonic() < deadline:
            with contextlib.suppress(TargetError):
                code = fresh.running.wait(_LOOKS_SECONDS)
            if any(_LISTENS in line for line in fresh.running.log_lines()):
                break
        return Ended(code, fresh.running.log_lines())


def _script(launches: Sequence[Mapping[str, str]]) -> str:
    terms = contract.load()
    launch = f"${{{terms.variable('home')}:-{terms.default('home')}}}/launch.sh"
    lines = []
    for number, env in enumerate(launches):
        settings = shlex.join(f"{k}={v}" for k, v in {terms.variable("secret"): "x", **env}.items())
        command = f'timeout {_SECONDS} env {settings} "{launch}"'
        lines.append(f"({command}; echo $? >/tmp/{number}.code) >/tmp/{number} 2>&1 &")
        if number % _AT_ONCE == _AT_ONCE - 1:
            lines.append("wait")
    lines.append("wait")
    for number in range(len(launches)):
        lines.append(f'echo; echo "{_MARK} $(cat /tmp/{number}.code)"; cat /tmp/{number}')
    return "\n".join(lines)

"""Sections 1 and 10: what a launch says, and servers that refuse it."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from .. import contract, logs
from ..cases import probe
from ..session import Session
from ..targets import TargetError
from ..wire import WireError
from . import launches

_REFUSED_WITHIN = 10.0
_LISTENS_WITHIN = 20.0
# What can't be read as what it is, by the names of contract.yaml.
_UNREADABLE = {
    "port": ("0", "65536", "http"),
    "timeout": ("0", "1e3", "nan", "30s"),
    "grace": ("-1", "soon"),
    "concurrency": ("-1", "2.5"),
    "workers": ("0", "many"),
}
# An address that documents are written with: no machine has it.
_NOBODYS = "192.0.2.1"


@probe("1.5-file", why="a mounted secret is as good as a variable", needs=("launch",))
def secret_file(session: Session) -> None:
    terms = contract.load()
    with session.folder({"secret": "from-a-file\n"}) as folder:
        env = {terms.variable("secret"): "", terms.variable("secret_file"): str(folder / "secret")}
        with session.fresh(env, beside=folder) as fresh:
            session.check(
                fresh.invoke([{"do": "send", "text": "x"}], secret="from-a-file"),
                status=200,
                text="x",
            )
            session.check(fresh.invoke([], secret=""), error="unauthorized")
            hidden = fresh.invoke(
                [{"do": "find_secret", "reversed": "from-a-file"[::-1]}, {"do": "report"}],
                secret="from-a-file",
            )
            session.check(hidden, status=200, contains={"seen": {"secret": []}})


@probe(
    "1.5-file-bytes",
    why="a secret is the bytes of its file, and of no other place that could have counted",
    needs=("launch",),
    quiet=True,
)
def secret_file_bytes(session: Session) -> None:
    served = (
        ("the-variable", "the-file\n", "the-variable", "the-file"),
        ("", "no-line-break", "no-line-break", "no-line-brea"),
        ("", "carriage-return\r\n", "carriage-return", "carriage-retur"),
        ("", "\ttab-before\n", None, "tab-before"),
        ("", "two-line-breaks\n\n", None, "two-line-breaks"),
    )
    session.together([partial(_serves, session, *one) for one in served], at_once=2)


def _serves(session: Session, variable: str, content: str, right: str | None, wrong: str) -> None:
    """With that variable and that file *right* is the secret, where one can be sent, and *wrong* isn't."""
    terms = contract.load()
    with session.folder() as folder:
        path = folder / "secret"
        path.write_bytes(content.encode())
        env = {terms.variable("secret"): variable, terms.variable("secret_file"): str(path)}
        with session.fresh(env, beside=folder, wait="health") as fresh:
            for guess, status in ((right, 200), (wrong, 401)):
                if guess is not None:
                    answer = fresh.invoke([{"do": "send", "text": "x"}], secret=guess)
                    session.expect(
                        answer.status == status,
                        f"{guess!r} with the variable {variable!r} and a file that holds {content!r}: "
                        f"expected {status}, got {answer.status}",
                    )


@probe("1.5-variable", why="the secret of the launch is the one that counts")
def secret_variable(session: Session) -> None:
    session.check(session.invoke([{"do": "send", "text": "x"}]), status=200, text="x")


@probe(
    "1.6-no-secret",
    why="a server without a secret would run code for anybody",
    needs=("launch", "signals"),
)
def no_secret(session: Session) -> None:
    _refuses(session, {contract.load().variable("secret"): ""}, "secret")


@probe(
    "1.6-no-secret-file", why="a file that isn't there is no secret", needs=("launch", "signals")
)
def no_secret_file(session: Session) -> None:
    terms = contract.load()
    missing = Path("/nonexistent/secret")
    _refuses(
        session,
        {terms.variable("secret"): "", terms.variable("secret_file"): str(missing)},
        "secret",
    )


@probe(
    "1.7-timeout",
    why="a timeout that can't be read must not become some other one",
    needs=("launch", "signals"),
)
def bad_timeout(session: Session) -> None:
    name = contract.load().variable("timeout")
    _refuses(session, {name: "soon"}, name)


@probe(
    "1.7-concurrency", why="no invocation in flight means no server", needs=("launch", "signals")
)
def bad_concurrency(session: Session) -> None:
    name = contract.load().variable("concurrency")
    _refuses(session, {name: "0"}, name)


@probe(
    "1.7-max-body",
    why="a limit that can't be read must not become no limit",
    needs=("launch", "signals"),
)
def bad_max_body(session: Session) -> None:
    name = contract.load().variable("max_body")
    _refuses(session, {name: "20MiB"}, name)


@probe(
    "1.6-empty-secret-file",
    why="a file that was never filled must not make the empty secret",
    needs=("launch", "signals"),
    quiet=True,
)
def empty_secret_file(session: Session) -> None:
    terms = contract.load()
    with session.folder({"secret": "\n"}) as folder:
        env = {terms.variable("secret"): "", terms.variable("secret_file"): str(folder / "secret")}
        _refuses(session, env, "secret", beside=folder)


@probe(
    "1.7-each",
    why="a setting that can't be read is told by its name, whichever it is and however it is wrong",
    needs=("launch", "signals"),
    quiet=True,
)
def each_setting(session: Session) -> None:
    terms = contract.load()
    wrong = [(terms.variable(n), value) for n, values in _UNREADABLE.items() for value in values]
    ended = launches.ended(session, [{variable: value} for variable, value in wrong])
    for (variable, value), end in zip(wrong, ended, strict=True):
        told = f"{variable}={value}"
        if end.code is None:
            session.fail(f"{told}: it went on running")
            continue
        expected = terms.limit("configuration_exit")
        session.expect(
            end.code == expected, f"{told}: exit code: expected {expected}, got {end.code}"
        )
        lines = logs.parse(end.lines)
        session.expect(
            len(lines) == 1 and variable in lines[0].message and not lines[0].problem,
            f"{told}: one line of the log that names it was expected: {end.lines[:5]}",
        )


@probe(
    "10.6-crash",
    why="whoever restarts what crashed goes by its exit code",
    needs=("launch", "signals"),
    quiet=True,
)
def crash(session: Session) -> None:
    (end,) = launches.ended(session, [{contract.load().variable("host"): _NOBODYS}])
    session.expect(
        end.code not in (None, 0),
        f"a server that can't listen should end with a code other than 0: {end.code}, {end.lines[:5]}",
    )


@probe(
    "1.1-host",
    why="a server that was told to keep to one address must not be open on the others",
    needs=("launch", "logs"),
    quiet=True,
)
def host(session: Session) -> None:
    # The usual address is another one, in a container and out of it.
    with session.fresh({contract.load().variable("host"): "127.0.0.2"}, wait=None) as fresh:
        deadline = time.monotonic() + _LISTENS_WITHIN
        while not any(line.message.startswith("listening on ") for line in fresh.log()):
            session.require(time.monotonic() < deadline, "no line says that it listens within 20 s")
            time.sleep(0.02)
        try:
            status = fresh.get("health").status
        except WireError:
            return
        session.fail(f"it should listen on 127.0.0.2 only, and was reached elsewhere: {status}")


def _refuses(session: Session, env: dict[str, str], named: str, beside: Path | None = None) -> None:
    expected = contract.load().limit("configuration_exit")
    with session.fresh(env, beside=beside, wait=None) as fresh:
        try:
            code = fresh.running.wait(_REFUSED_WITHIN)
        except TargetError:
            session.fail(f"it went on running with {env}")
            return
        session.expect(code == expected, f"exit code: expected {expected}, got {code}")
        lines = fresh.running.log_lines()
        session.expect(
            any(named.lower() in line.lower() for line in lines),
            f"no line says what is wrong with {named}: {lines[:5]}",
        )
        session.expect(len(lines) == 1, f"one line was asked for, {len(lines)} came: {lines[:5]}")

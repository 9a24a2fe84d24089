"""Sections 1 and 10: settings and secrets' files that are read wrongly, and launches that end wrongly."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import contract
from .. import function, logs, process, settings
from ..logs import Lines
from . import mutant, replace


@mutant("1.1", also=("10.6",))
def host_setting_is_ignored() -> None:
    """It listens on all addresses, whatever it is told."""
    original = settings.text
    everywhere = contract.load().default("host")
    replace(
        settings,
        "text",
        lambda environ, name: everywhere if name == "host" else original(environ, name),
    )


@mutant("1.5")
def secret_file_wins() -> None:
    """With both a secret and its file, the file counts."""
    original = settings.secret
    terms = contract.load()

    def secret(environ: Mapping[str, str]) -> bytes:
        if environ.get(terms.variable("secret_file")):
            environ = {**environ, terms.variable("secret"): ""}
        return original(environ)

    replace(settings, "secret", secret)


@mutant("1.5")
def secret_file_is_stripped() -> None:
    """All white space around the secret in its file goes."""
    original = settings.secret_of_file
    replace(settings, "secret_of_file", lambda name, path: original(name, path).strip())


@mutant("1.5")
def secret_file_keeps_its_carriage_return() -> None:
    """Of CR LF at the end of the file only LF goes."""
    replace(settings, "secret_of_file", lambda name, path: path.read_bytes().removesuffix(b"\n"))


@mutant("1.5", also=("1.6",))
def last_byte_of_the_secret_file_goes() -> None:
    """The last byte of the file goes, whatever it is."""
    replace(settings, "secret_of_file", lambda name, path: path.read_bytes()[:-1])


@mutant("1.5", "4.5")
def secret_of_a_file_stays_in_the_environment() -> None:
    """A secret that came from a file is handed on in a variable."""
    original = settings.secret

    def secret(environ: Mapping[str, str]) -> bytes:
        found = original(environ)
        if not environ.get(contract.load().variable("secret")):
            os.environb[b"SECRET_OF_A_FILE"] = found
        return found

    replace(settings, "secret", secret)


@mutant("1.6")
def empty_secret_file_is_a_secret() -> None:
    """An empty file makes the empty secret."""
    original = settings.secret

    def secret(environ: Mapping[str, str]) -> bytes:
        try:
            return original(environ)
        except settings.ConfigurationError:
            if Path(environ.get(contract.load().variable("secret_file"), "")).is_file():
                return b""
            raise

    replace(settings, "secret", secret)


def _also_when_wrong(change: Any) -> None:
    """*change* is called instead of the one line that says what is wrong with a setting."""
    original = Lines.add

    def add(self: Lines, level: str, message: str) -> None:
        if isinstance(sys.exc_info()[1], settings.ConfigurationError):
            change(lambda said: original(self, level, said), message)
        else:
            original(self, level, message)

    replace(Lines, "add", add)


@mutant("1.7")
def wrong_settings_are_told_in_plain_text() -> None:
    """The line that says what is wrong is not of the log's form."""
    _also_when_wrong(lambda add, message: os.write(2, f"error: {message}\n".encode()))


@mutant("1.6", "1.7")
def wrong_settings_are_told_in_two_lines() -> None:
    """What is wrong is said in two lines."""
    _also_when_wrong(lambda add, message: (add(message), add("giving up")))


def _read_somehow(names: tuple[str, ...], read: Any) -> None:
    """Where one of the settings *names* can't be read, *read* makes something of it."""
    for reader in ("whole_number", "decimal"):
        original = getattr(settings, reader)

        def reading(
            environ: Mapping[str, str],
            name: str,
            *given: Any,
            _original: Any = original,
            **more: Any,
        ) -> Any:
            try:
                return _original(environ, name, *given, **more)
            except settings.ConfigurationError:
                found = read(environ[contract.load().variable(name)]) if name in names else None
                if found is None:
                    raise
                return found

        replace(settings, reader, reading)


@mutant("1.7")
def wrong_port_is_another() -> None:
    """A port that can't be read becomes some other one."""
    _read_somehow(("port",), lambda given: 0)


@mutant("1.7")
def wrong_grace_is_the_default() -> None:
    """A grace that can't be read is taken for one that is missing."""
    _read_somehow(("grace",), lambda given: 10.0)


@mutant("1.7")
def wrong_workers_are_one() -> None:
    """A number of workers that can't be read is one."""
    _read_somehow(("workers",), lambda given: 1)


@mutant("1.7")
def timeout_of_0_is_none() -> None:
    """A timeout of 0 is as good as none."""
    _read_somehow(("timeout",), lambda given: 1e6 if given == "0" else None)


@mutant("1.7")
def timeout_is_what_a_float_may_be() -> None:
    """Exponents and words for numbers are seconds."""

    def read(given: str) -> float | None:
        try:
            return 30.0 if float(given) != 0 else None
        except ValueError:
            return None

    _read_somehow(("timeout",), read)


@mutant("1.7")
def numbers_end_where_they_stop() -> None:
    """A number ends with its last digit, whatever comes behind it."""

    def read(given: str) -> float | None:
        found = re.match(r"[1-9][0-9]*(?![0-9e])", given)
        return float(found[0]) if found else None

    _read_somehow(("timeout",), read)


@mutant("1.7")
def concurrency_may_be_any_number() -> None:
    """A concurrency that is negative or a fraction is made to be one."""

    def read(given: str) -> int | None:
        found = re.fullmatch(r"-?([0-9]+)(\.[0-9]+)?", given)
        return max(1, int(found[1])) if found and int(found[1]) else None

    _read_somehow(("concurrency",), read)


@mutant("10.6")
def crash_exits_0() -> None:
    """A crash, as when it can't listen, ends it with 0."""

    def crashed(kind: type[BaseException], error: BaseException, trace: object) -> None:
        function.log_exception(logs.NOBODY, error)
        os._exit(0)

    replace(process, "crashed", crashed)

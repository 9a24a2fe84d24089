"""Settings from the environment, read once at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from .. import contract

_INTEGER = re.compile(r"[0-9]{1,15}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
ENTRYPOINT = "function.py"
# What is served where the launch names no folder.
BUILT_IN = Path(__file__).parent / "conformance_function"


class ConfigurationError(ValueError):
    """A setting can't be used; the message is one line that names its variable."""


@frozen
class Settings:
    """What a launch says. ``folders`` are the places where the function may be, the first one
    first."""

    host: str
    port: int
    secret: bytes
    development: bool
    timeout: float
    grace: float
    max_body: int
    concurrency: int
    entrypoint: str
    folders: tuple[Path, ...]


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in *environ*; ConfigurationError where one can't be read."""
    whole_number(environ, "workers")
    return Settings(
        host=text(environ, "host"),
        port=whole_number(environ, "port", most=65535),
        secret=secret(environ),
        development=text(environ, "environment") == "development",
        timeout=decimal(environ, "timeout"),
        grace=decimal(environ, "grace"),
        max_body=whole_number(environ, "max_body"),
        concurrency=whole_number(environ, "concurrency"),
        entrypoint=entrypoint(environ),
        folders=folders(environ),
    )


def secret(environ: Mapping[str, str]) -> bytes:
    """The secret of the variable, or else of the file, less one trailing line break."""
    terms = contract.load()
    name, file_name = terms.variable("secret"), terms.variable("secret_file")
    given = environ.get(name, "").encode("utf-8", "surrogateescape")
    if not given and environ.get(file_name):
        given = secret_of_file(file_name, Path(environ[file_name]))
    if not given:
        raise ConfigurationError(f"no secret: set {name}, or {file_name} to a file that holds it")
    return given


def secret_of_file(variable: str, path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{variable} can't be read: {error}") from error
    return re.sub(rb"\r?\n\Z", b"", content)


def exit_code() -> int:
    """Of a process that can't use its settings."""
    return int(contract.load().limit("configuration_exit"))


def folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The build, else plain source; the conformance function where the launch names neither."""
    terms = contract.load()
    if not {terms.variable("build"), terms.variable("source")} & environ.keys():
        return (BUILT_IN,)
    return (Path(text(environ, "build")), Path(text(environ, "source")))


def entrypoint(environ: Mapping[str, str]) -> str:
    return text(environ, "entrypoint") or ENTRYPOINT


def text(environ: Mapping[str, str], name: str) -> str:
    terms = contract.load()
    return environ.get(terms.variable(name)) or str(terms.default(name) or "")


def whole_number(environ: Mapping[str, str], name: str, most: int = 1 << 40) -> int:
    terms = contract.load()
    variable = terms.variable(name)
    given = environ.get(variable, str(terms.default(name)))
    if not _INTEGER.fullmatch(given) or not 1 <= int(given) <= most:
        raise ConfigurationError(f"{variable} must be a whole number from 1 to {most}: {given!r}")
    return int(given)


def decimal(environ: Mapping[str, str], name: str) -> float:
    terms = contract.load()
    variable = terms.variable(name)
    given = environ.get(variable, str(terms.default(name)))
    if not _DECIMAL.fullmatch(given) or float(given) <= 0:
        raise ConfigurationError(f"{variable} must be a positive number of seconds: {given!r}")
    return float(given)

"""The environment, read once at start."""

import os
import re
from math import isinf
from pathlib import Path
from typing import NamedTuple, NoReturn

CONFIGURATION_EXIT = 78

_LINE_BREAK = re.compile(rb"\r?\n\Z")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")


class Settings(NamedTuple):
    """Times in seconds, sizes in bytes."""

    host: str
    port: int
    secret: bytes
    development: bool
    timeout: float
    grace: float
    max_body: int
    concurrency: int
    workers: int
    entrypoint: str
    folder: str


def read() -> Settings:
    """Settings from the environment; ends the process with one line where one of them can't be read."""
    return Settings(
        host=os.environ.get("RUNTIME_HOST") or "0.0.0.0",
        port=_integer("RUNTIME_PORT", 3000, 65535),
        secret=_secret(),
        development=os.environ.get("RUNTIME_ENV") == "development",
        timeout=_decimal("RUNTIME_TIMEOUT", 30.0),
        grace=_decimal("RUNTIME_GRACE", 10.0),
        max_body=_integer("RUNTIME_MAX_BODY", 20 << 20),
        concurrency=_integer("RUNTIME_CONCURRENCY", 100),
        workers=_integer("RUNTIME_WORKERS", 1, 1024),
        entrypoint=os.environ.get("RUNTIME_ENTRYPOINT") or "main.py",
        folder=_folder(),
    )


def function_environment() -> dict[str, str]:
    """What the function may see: everything but what concerns the runtime."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RUNTIME_")}


def positive_decimal(text: str) -> float | None:
    """The number, or None where *text* is no positive decimal."""
    if not _DECIMAL.fullmatch(text) or isinf(number := float(text)):
        return None
    return number or None


def _secret() -> bytes:
    """From the descriptor that launch.sh opened, from the variable, or else from a file."""
    if descriptor := os.environ.get("RUNTIME_SECRET_FD"):
        if not descriptor.isdigit():
            refuse(f"RUNTIME_SECRET_FD is {descriptor!r}: a descriptor is wanted")
        secret = _contents(int(descriptor), "the secret")
    elif given := os.environ.get("RUNTIME_SECRET"):
        secret = os.fsencode(given)
    elif path := os.environ.get("RUNTIME_SECRET_FILE"):
        secret = _contents(path, f"RUNTIME_SECRET_FILE is {path!r}, which")
    else:
        secret = b""
    if not secret:
        refuse("there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it")
    return secret


def _contents(file: int | str, what: str) -> bytes:
    """All but one trailing line break."""
    try:
        with open(file, "rb") as stream:
            return _LINE_BREAK.sub(b"", stream.read())
    except OSError as error:
        refuse(f"{what} can't be read: {error.strerror}")


def _folder() -> str:
    """The build, or the plain source where nothing was built."""
    build = Path(os.environ.get("FUNCTION_BUILD") or "/function/build")
    source = Path(os.environ.get("FUNCTION_SOURCE") or "/function/source")
    built = build.is_dir() and any(build.iterdir())
    return str(build if built or not source.is_dir() else source)


def _integer(name: str, default: int, most: int = 1 << 40) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= most):
        refuse(f"{name} must be a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)


def _decimal(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    value = positive_decimal(text)
    if value is None:
        refuse(f"{name} must be a positive number of seconds, not {text[:40]!r}")
    return value


def refuse(why: str) -> NoReturn:
    """Ends the process before it has started."""
    from . import logs

    logs.write("error", why)
    logs.close()
    os._exit(CONFIGURATION_EXIT)

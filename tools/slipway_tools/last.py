"""Remembers what `launch` or `dev` served last, so that `slipway invoke` needs neither its address nor its secret."""

from __future__ import annotations

import json
import os
from pathlib import Path

from attrs import frozen

from . import repository
from .engine import Launched
from .errors import ToolError


@frozen
class Address:
    port: int
    secret: str


def remember(launched: Launched) -> None:
    path = _file()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"port": launched.port, "secret": launched.secret}, file)


def address() -> Address:
    """Where the latest launch listens; ToolError where nothing was launched."""
    try:
        found = json.loads(_file().read_text("utf-8"))
        return Address(int(found["port"]), str(found["secret"]))
    except (OSError, ValueError, KeyError):
        raise ToolError(
            "Nothing was launched yet: ./slipway launch DIR, or name a server with --url and --secret."
        ) from None


def _file() -> Path:
    return repository.state() / "launched.json"

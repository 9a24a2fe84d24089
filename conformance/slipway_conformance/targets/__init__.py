"""What is judged: an image, a pair of scripts on this machine, or a server that somebody else
started."""

from .base import (
    FREE,
    LOOPBACK,
    THROWN,
    Ability,
    Confined,
    Launcher,
    Running,
    Stats,
    TargetError,
    TargetFailed,
    free_port,
)

__all__ = [
    "FREE",
    "LOOPBACK",
    "THROWN",
    "Ability",
    "Confined",
    "Launcher",
    "Running",
    "Stats",
    "TargetError",
    "TargetFailed",
    "free_port",
]

"""What is judged: an image, a pair of scripts on this machine, or a server that somebody else
started."""

from .base import FREE, Ability, Confined, Launcher, Running, Stats, TargetError, TargetFailed

__all__ = [
    "FREE",
    "Ability",
    "Confined",
    "Launcher",
    "Running",
    "Stats",
    "TargetError",
    "TargetFailed",
]

"""The engines by the names that a person gives them."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Where a function runs."""

    DOCKER = "docker"
    PROCESS = "process"

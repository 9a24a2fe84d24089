"""What a run is called, and how a later one tells that it was killed.

The name begins with the process id of its owner. Containers carry it in a label. Knows no engine.
"""

from __future__ import annotations

import os
import uuid

LABEL = "org.slipway.run"


def new_name() -> str:
    """A name for a run of this process."""
    return f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def abandoned(name: str) -> bool:
    """Whether the run of this name has ended without cleaning up. One whose name tells no owner is not
    taken for ended."""
    owner = name.partition("-")[0]
    return owner.isdigit() and not alive(int(owner))

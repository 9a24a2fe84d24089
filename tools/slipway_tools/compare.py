"""The verb `compare`: the same inputs to several runtimes at once."""

from __future__ import annotations

from collections.abc import Sequence

from slipway_conformance import across
from slipway_conformance.targets import TargetError

from . import subjects
from .errors import ToolError
from .kind import Kind
from .repository import choices
from .run import Run
from .terminal import Steps, say


def compare(names: Sequence[str], kind: Kind | None) -> int:
    """Compares the named runtimes (all, in their default versions, where none is named); 1 where they
    differ."""
    wanted = [c for c in choices(list(names)) if names or c.version is c.runtime.default_version]
    if len(wanted) < 2:
        raise ToolError("There is nothing to compare one runtime with: name another one too.")
    with Run() as run:
        launchers = [subjects.of_runtime(c, kind, None, run).launcher for c in wanted]
        with Steps() as steps, steps.step("compare") as step:
            try:
                differences = across.compare(launchers, step.tell)
            except TargetError as error:
                raise ToolError(str(error)) from error
    for difference in differences:
        say(str(difference))
    if not differences:
        say(f"{', '.join(launcher.name for launcher in launchers)} answer alike.")
    return 1 if differences else 0

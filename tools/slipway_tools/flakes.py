"""The verb `flakes`: the suite several times on one target, and which cases can't make up their minds."""

from __future__ import annotations

from slipway_conformance import Selection, SelectionError, TargetReport, cases, flakes, verify

from .errors import ToolError
from .run import Run
from .terminal import Steps, say
from .verify import Wanted, subject_of


def measure(wanted: Wanted, selection: Selection, runs: int) -> int:
    """Judges a target *runs* times and shows the rate of flakes; exit code 1 where there is any."""
    try:
        total = len(selection.choose(cases.load()))
    except SelectionError as error:
        raise ToolError(str(error)) from error
    with Run() as run, Steps() as steps:

        def judge(number: int) -> TargetReport:
            # A target is closed after each run: the next one gets its own.
            subject, _ = subject_of(wanted, run)
            with steps.step(f"run {number} of {runs} on {subject.launcher.name}") as step:
                count = 0

                def watch(*result: object) -> None:
                    nonlocal count
                    count += 1
                    step.tell(f"{count} of {total}")

                return verify([subject], selection, watch).targets[0]

        found = flakes.measure(runs, judge)
    for line in flakes.summary(found):
        say(line)
    return found.exit_code

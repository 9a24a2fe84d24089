"""The verb `verify`: turns what a person names into targets of the suite, and lets the suite judge them."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen
from slipway_conformance import Selection, Subject, cli, gaps
from slipway_conformance.runtime import Runtime
from slipway_conformance.targets import TargetError
from slipway_conformance.targets.url import UrlLauncher

from . import report as reports
from . import repository
from .errors import ToolError
from .kind import Kind
from .run import Run
from .terminal import say


@frozen
class Wanted:
    """What is to be judged."""

    target: str
    kind: Kind | None
    secret: str
    function: Path | None


def verify(wanted: Wanted, selection: Selection, folder: Path, write_gaps: bool) -> int:
    """Judges a target and writes the reports into *folder*; the report's exit code."""
    with Run() as run:
        subject, runtime = subject_of(wanted, run)
        if write_gaps and runtime is None:
            subject.launcher.close()
            raise ToolError(
                "--write-gaps needs the name of a runtime: its runtime.yaml is where they go."
            )
        report = cli.run([subject], selection, folder, reports.figures)
    if write_gaps and runtime:
        results = [result for target in report.targets for result in target.results]
        count = gaps.write(runtime.folder / "runtime.yaml", results)
        say(
            f"{count} known gaps added to {runtime.folder / 'runtime.yaml'}: now write their reasons."
        )
    return report.exit_code


def subject_of(wanted: Wanted, run: Run) -> tuple[Subject, Runtime | None]:
    """What *wanted* names, ready to be judged, and the runtime here that it is of; ToolError says what
    to do where it can't be had."""
    try:
        return _subject_of(wanted, run)
    except TargetError as error:
        raise ToolError(str(error)) from error


def _subject_of(wanted: Wanted, run: Run) -> tuple[Subject, Runtime | None]:
    if wanted.function and not wanted.function.is_dir():
        raise ToolError(
            f"--function {wanted.function}: there is no such folder. Name the one that holds the conformance function."
        )
    if "://" in wanted.target:
        return Subject(UrlLauncher(wanted.target, wanted.secret)), None
    # A URL needs no engine, and its first result doesn't wait for the packages of one.
    from . import subjects

    language = wanted.target.partition(":")[0]
    if "/" not in wanted.target and language in {r.language for r in repository.runtimes()}:
        choice = repository.choose(wanted.target)
        return subjects.of_runtime(choice, wanted.kind, wanted.function, run), choice.runtime
    if wanted.kind is Kind.PROCESS:
        repository.choose(wanted.target)
    return subjects.of_image(wanted.target, wanted.function)

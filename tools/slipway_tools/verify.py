"""The verb `verify`: turns what a person names into targets of the suite, and lets the suite judge them."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen
from slipway_conformance import Selection, Subject, cli, contract, gaps
from slipway_conformance.runtime import Runtime
from slipway_conformance.targets import Launcher, TargetError
from slipway_conformance.targets.image import ImageLauncher
from slipway_conformance.targets.process import ScriptsLauncher
from slipway_conformance.targets.url import UrlLauncher

from . import repository
from .engine import images, require_docker
from .engine.choose import Kind
from .engine.process import lacks
from .errors import ToolError
from .report import figures
from .repository import Choice
from .run import Run
from .terminal import Steps, say


@frozen
class Wanted:
    """What is to be judged, and where its reports go."""

    target: str
    kind: Kind | None
    secret: str
    function: Path | None
    reports: Path
    write_gaps: bool


def verify(wanted: Wanted, selection: Selection) -> int:
    """Judges a target; the report's exit code."""
    with Run() as run:
        try:
            subjects, runtime = _subjects(wanted, run)
        except TargetError as error:
            raise ToolError(str(error)) from error
        report = cli.run(subjects, selection, wanted.reports, figures())
    if wanted.write_gaps:
        if runtime is None:
            raise ToolError(
                "--write-gaps needs the name of a runtime: its runtime.yaml is where they go."
            )
        results = [result for target in report.targets for result in target.results]
        count = gaps.write(runtime.folder / "runtime.yaml", results)
        say(
            f"{count} known gaps added to {runtime.folder / 'runtime.yaml'}: now write their reasons."
        )
    return report.exit_code


def image_subject(choice: Choice) -> Subject:
    return _subject(_image(choice.launch_image, choice.runtime, None), choice.runtime)


def scripts_subject(runtime: Runtime, function: Path | None = None) -> Subject:
    """The two scripts of *runtime* as plain processes; ToolError where the machine can't run them."""
    lacking = lacks(runtime)
    if lacking:
        raise ToolError("This machine can't run it as plain processes:\n  " + "\n  ".join(lacking))
    home = repository.state() / "verify" / runtime.language
    return _subject(ScriptsLauncher(runtime, home, function), runtime)


def _subjects(wanted: Wanted, run: Run) -> tuple[list[Subject], Runtime | None]:
    if "://" in wanted.target:
        return [Subject(UrlLauncher(wanted.target, wanted.secret))], None
    language = wanted.target.partition(":")[0]
    if "/" not in wanted.target and language in {r.language for r in repository.runtimes()}:
        choice = repository.choose(wanted.target)
        return [_of_runtime(choice, wanted, run)], choice.runtime
    if wanted.kind is Kind.PROCESS:
        raise ToolError(f"{wanted.target} is no runtime in {repository.root() / 'runtimes'}.")
    engine = require_docker(run)
    found = engine.client.images.list(name=wanted.target)
    if not found:
        raise ToolError(
            f"{wanted.target} is no runtime here, no image on this machine, and no URL "
            "(http://HOST:PORT): build, pull or name it first."
        )
    named = found[0].labels.get(contract.load().label("language"), "")
    runtime = next((r for r in repository.runtimes() if r.language == named), None)
    if runtime is None and wanted.function is None:
        raise ToolError(
            f"{wanted.target} is of no language here: --function names the folder of its conformance function."
        )
    return [_subject(_image(wanted.target, runtime, wanted.function), runtime)], runtime


def _of_runtime(choice: Choice, wanted: Wanted, run: Run) -> Subject:
    if wanted.kind is Kind.PROCESS:
        return scripts_subject(choice.runtime, wanted.function)
    engine = require_docker(run)
    with Steps() as steps:
        images.ensure(engine.client, [choice], run, steps)
    return _subject(_image(choice.launch_image, choice.runtime, wanted.function), choice.runtime)


def _image(image: str, runtime: Runtime | None, function: Path | None) -> ImageLauncher:
    launcher = ImageLauncher(image, function or (runtime.function_folder if runtime else None))
    if runtime and runtime.kind == "interpreted":
        launcher.allow_source()
    return launcher


def _subject(launcher: Launcher, runtime: Runtime | None) -> Subject:
    if runtime is None:
        return Subject(launcher)
    return Subject(launcher, frozenset(runtime.profiles), runtime.known_gaps)

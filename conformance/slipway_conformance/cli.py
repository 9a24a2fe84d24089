"""The suite's own command line: verify an image, a pair of scripts or a URL; look at cases and
reports."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from . import api, cases, counterexamples, gaps, runtime
from .cases import CaseError
from .outcomes import Report
from .reporting import document, terminal, write
from .reporting.html import Figures
from .selection import Selection, SelectionError
from .targets import Launcher, TargetError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Judges language runtimes by the Slipway contract.",
)
console = Console(stderr=False)

Patterns = Annotated[
    list[str] | None, typer.Option("--case", help="Only cases with this id or glob.")
]
Clauses = Annotated[
    list[str] | None, typer.Option("--clause", help="Only cases of this clause or section.")
]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", help="Only cases of this profile.")
]
Failed = Annotated[
    bool, typer.Option("--failed", help="Only cases that failed in the last report.")
]
Replay = Annotated[
    Path | None,
    typer.Option(help="Run the cases of this file instead, such as a counterexamples.yaml."),
]
Listing = Annotated[bool, typer.Option("--list", help="Show the chosen cases and run none.")]
Reports = Annotated[Path, typer.Option("--reports", help="Folder for the reports.")]
WriteGaps = Annotated[
    bool, typer.Option("--write-gaps", help="List what fails as known gaps in runtime.yaml.")
]


@app.command("verify")
def verify_command(
    image: Annotated[str | None, typer.Option(help="A launch image.")] = None,
    build_image: Annotated[
        str | None, typer.Option(help="Its build image (default: the same name with -build).")
    ] = None,
    function: Annotated[
        Path | None, typer.Option(help="The folder of the conformance function.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="A running server that serves the conformance function.")
    ] = None,
    command: Annotated[
        Path | None, typer.Option(help="A runtime's folder, run as plain processes.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Where --command installs the server.")] = None,
    runtime_file: Annotated[
        Path | None, typer.Option("--runtime", help="The runtime.yaml of an image.")
    ] = None,
    case: Patterns = None,
    clause: Clauses = None,
    profile: Profiles = None,
    failed: Failed = False,
    replay: Replay = None,
    list_only: Listing = False,
    reports: Reports = Path("reports"),
    write_gaps: WriteGaps = False,
) -> None:
    """Judge one target. A URL's secret is read from RUNTIME_SECRET or the file that RUNTIME_SECRET_FILE names."""
    if sum(target is not None for target in (image, url, command)) != (0 if list_only else 1):
        stop("name one target: --image IMAGE, --url URL or --command FOLDER")
    selection = selection_of(case, clause, profile, failed, reports, replay)
    if list_only:
        list_cases(selection)
        return
    described = load_runtime(command or runtime_file)
    if write_gaps and described is None:
        stop(
            "--write-gaps needs --runtime FILE or --command FOLDER: its runtime.yaml is where they go"
        )
    try:
        if image:
            launcher = _image(image, build_image, function, described)
        elif url:
            launcher = _url(url)
        else:
            assert described is not None
            launcher = _scripts(described, home, function)
    except TargetError as error:
        stop(str(error), code=3)
    subject = api.Subject(
        launcher,
        frozenset(described.profiles) if described else None,
        described.known_gaps if described else (),
    )
    report = run([subject], selection, reports)
    if write_gaps and described:
        added = gaps.write(described.folder / "runtime.yaml", report.targets[0].results)
        console.print(f"{added} known gaps added to runtime.yaml: now write their reasons")
    raise typer.Exit(report.exit_code)


@app.command()
def diff(old: Path, new: Path) -> None:
    """Show what changed between two report.json files; exit code 1 where something did."""
    rows = document.difference(_read(old), _read(new))
    table = Table("target", "case", "before", "now", box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table if rows else "no difference")
    raise typer.Exit(1 if rows else 0)


@app.command()
def merge(
    reports: Annotated[list[Path], typer.Argument(help="report.json files, one or more.")],
    to: Annotated[Path, typer.Option(help="Folder for the pages.")] = Path("reports"),
) -> None:
    """Make one report of several: the pages then show all their targets side by side."""
    paths = write.pages(document.merged([_read(path) for path in reports]), to)
    console.print(f"report: {paths['report.html']}", highlight=False)


@app.command()
def lint(
    freeze: Annotated[
        bool, typer.Option("--freeze", help="List all cases as counted first (before a release).")
    ] = False,
) -> None:
    """Check the cases themselves: unique ids, a clause each, no clause without a case."""
    try:
        found = cases.load()
        if freeze:
            listed = "".join(f"{case.id}\n" for case in found if case.counts)
            cases.counted_file().write_text(listed, "utf-8")
        problems = cases.lint(found)
    except CaseError as error:
        found, problems = (), [str(error)]
    for line in problems:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(problems)} problems" if problems else f"{len(found)} cases, no problem")
    raise typer.Exit(1 if problems else 0)


def main() -> None:
    """The program `slipway-conformance`."""
    app(prog_name="slipway-conformance")


def run(
    subjects: list[api.Subject],
    selection: Selection,
    reports: Path,
    figures: Callable[[], Figures | None] = lambda: None,
) -> Report:
    """Judges *subjects* with progress, shows the result, writes the reports, whose page shows the
    *figures* too."""
    _end_on_signals()
    try:
        total = len(selection.choose(cases.load()))
    except (SelectionError, CaseError) as error:
        stop(str(error))
    names = [subject.launcher.name for subject in subjects]
    with terminal.Watch(console, names, total) as watch:
        report = api.verify(
            subjects, selection, lambda subject, result: watch.tell(subject.launcher.name, result)
        )
    terminal.show(console, report)
    paths = write.write(report, reports, figures())
    console.print(f"report: {paths['report.html']}", highlight=False)
    if kept := counterexamples.write(report.targets, reports):
        console.print(f"inputs that were answered wrongly, for --replay: {kept}", highlight=False)
    return report


def list_cases(selection: Selection) -> None:
    """Prints what *selection* chooses."""
    try:
        chosen = selection.choose(cases.load())
    except SelectionError as error:
        stop(str(error))
    for found in chosen:
        console.print(
            f"{found.id:<42} {found.profile:<10} {found.why}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def selection_of(
    case: list[str] | None,
    clause: list[str] | None,
    profile: list[str] | None,
    failed: bool,
    reports: Path,
    replay: Path | None = None,
) -> Selection:
    """The selection that the options ask for; ``--failed`` reads the last report in *reports*, *replay*
    is a file of cases."""
    ids = None
    try:
        own = cases.read(replay) if replay else []
    except CaseError as error:
        stop(str(error))
    if failed:
        ids = document.failed_ids(_read(reports / "report.json"))
        if not ids:
            console.print("nothing failed last time")
            raise typer.Exit(0)
    return Selection(case or [], clause or [], profile or [], ids, own)


def load_runtime(path: Path | None) -> runtime.Runtime | None:
    """The runtime of a folder or file, None where none is named."""
    try:
        return runtime.load(path) if path else None
    except runtime.RuntimeFileError as error:
        stop(str(error))


# Each kind of target is loaded only where it is asked for: a URL shows its first result at once.


def _image(
    image: str, build_image: str | None, function: Path | None, described: runtime.Runtime | None
) -> Launcher:
    from .targets.image import ImageLauncher

    launcher = ImageLauncher(image, _function(described, function), build_image)
    if described:
        launcher.describe(described)
    return launcher


def _url(url: str) -> Launcher:
    from .targets.url import UrlLauncher

    return UrlLauncher(url)


def _scripts(described: runtime.Runtime, home: Path | None, function: Path | None) -> Launcher:
    from .targets.process import ScriptsLauncher

    home = (home or described.folder / ".home").resolve()
    return ScriptsLauncher(described, home, _function(described, function))


def _function(described: runtime.Runtime | None, function: Path | None) -> Path:
    """The folder of the conformance function; ends the command where there is none."""
    if function:
        if not function.is_dir():
            stop(f"--function {function}: there is no such folder")
        return function
    if described is None:
        stop("--image needs --function FOLDER (or --runtime FILE) to know what to build")
    if not described.function_folder.is_dir():
        places = " nor in ".join(map(str, described.function_folders))
        stop(
            f"there is no conformance function for {described.title}, neither in {places}: "
            "--function FOLDER names another place"
        )
    return described.function_folder


def stop(message: str, code: int = 2) -> NoReturn:
    """Ends the command with a message."""
    Console(stderr=True).print(f"slipway: {message}", markup=False, highlight=False)
    raise typer.Exit(code)


def _read(path: Path) -> dict[str, Any]:
    try:
        return document.read(path)
    except document.DocumentError as error:
        stop(str(error))


def _end_on_signals() -> None:
    """SIGTERM ends a run as Ctrl-C does, so that launched servers are removed."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)

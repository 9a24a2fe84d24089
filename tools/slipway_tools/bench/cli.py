"""The verb `bench`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import repository
from ..terminal import problems, say
from . import documents, model, run, terminal
from .catalogue import choose
from .errors import BenchError

# Modules of the distribution's extra `bench`.
EXTRA = ("cattrs", "matplotlib")

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    runtimes: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUNTIME", help="Language, or language:version. All without one."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter and fewer rounds: a look, not a result.")
    ] = False,
    only: Annotated[
        str, typer.Option(help=f"Stages, separated by commas: {', '.join(run.STAGES)}.")
    ] = ",".join(run.STAGES),
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--with",
            help="An earlier result of this machine and protocol: what is not measured now is taken from it.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the result. Default: .slipway/bench/results.")
    ] = None,
    render: Annotated[
        Path | None,
        typer.Option(help="Measure nothing; write docs and READMEs from this result."),
    ] = None,
) -> None:
    """Measure runtimes beside the bare servers of their languages."""
    console = Console()
    _require_extra()
    if render:
        found = model.read(render)
        for path in documents.write(repository.root(), repository.runtimes(), found):
            say(f"wrote {path}")
        return
    stages = _stages(only)
    protocol = run.QUICK if quick else run.FULL
    before = model.read(earlier) if earlier else None
    # Said before minutes are spent, not after them.
    if before and before.protocol != protocol:
        raise BenchError(
            f"{earlier} was measured by another protocol: measure all runtimes anew, or leave --with out."
        )
    try:
        result = run.measure(choose(runtimes or []), protocol, stages, console)
    except KeyboardInterrupt:
        problems.print("Stopped; nothing of this run is left.")
        raise typer.Exit(130) from None
    if not result.runtimes:
        raise BenchError("Nothing was measured; what failed stands above.")
    folder = output or repository.state() / "bench" / "results"
    if before:
        try:
            result = model.extended(before, result)
        except BenchError:
            # What was measured is a result by itself.
            _save(result, folder, console)
            raise
    _save(result, folder, console)
    if result.failures:
        raise typer.Exit(1)


def _require_extra() -> None:
    """Said before a run of minutes, not after it."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise BenchError(
            f"{' and '.join(missing)} not installed. Run: pip install 'slipway[bench]'"
        )


def _stages(only: str) -> list[str]:
    wanted = [name.strip() for name in only.split(",")]
    unknown = [name for name in wanted if name not in run.STAGES]
    if unknown:
        raise BenchError(
            f"--only knows {', '.join(run.STAGES)}; it got {', '.join(unknown) or 'nothing'}."
        )
    return wanted


def _save(result: model.Result, folder: Path, console: Console) -> None:
    from .plots import draw

    folder.mkdir(parents=True, exist_ok=True)
    stem = result.date[:19].replace(":", "")
    path = folder / f"{stem}.json"
    path.write_text(model.to_json(result), encoding="utf-8")
    terminal.show(result, console)
    pictures = draw(result, folder / stem)
    for written in (path, *pictures):
        say(f"wrote {written}")
    say(f"For docs and READMEs: ./slipway bench --render {path}")

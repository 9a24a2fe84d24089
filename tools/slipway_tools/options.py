"""Arguments and options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from slipway_conformance import contract

from .kind import Kind

Engine = Annotated[
    Kind | None,
    typer.Option("--engine", help="docker or process; without it the best that can be had."),
]
RuntimeName = Annotated[
    str | None, typer.Option("--runtime", help="language or language:version.", metavar="NAME")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The function's folder.")]
Port = Annotated[int, typer.Option(help="The loopback port to serve on.", min=1, max=65535)]
Env = Annotated[
    list[str] | None, typer.Option("--env", "-e", help="A variable for the function: NAME=value.")
]
Names = Annotated[list[str] | None, typer.Argument(metavar="[RUNTIME]...", help="All without one.")]
Target = Annotated[str, typer.Argument(metavar="RUNTIME|IMAGE|URL", help="What is to be judged.")]
Cases = Annotated[list[str] | None, typer.Option("--case", help="Only cases with this id or glob.")]
Clauses = Annotated[
    list[str] | None, typer.Option("--clause", help="Only cases of this clause or section.")
]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", help="Only cases of this profile.")
]
ConformanceFunction = Annotated[
    Path | None,
    typer.Option("--function", help="The conformance function of an image from elsewhere."),
]
TargetSecret = Annotated[
    str,
    typer.Option(
        "--secret", envvar=contract.load().variable("secret"), help="That of the URL's server."
    ),
]

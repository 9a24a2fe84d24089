"""The verbs `images build`, `images names` and `images list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import Names

if TYPE_CHECKING:
    from docker import DockerClient

app = typer.Typer(help="Build and list the images of this repository.", no_args_is_help=True)


@app.command("build")
def images_build(names: Names = None) -> None:
    """Build the base and both images of each runtime, two runtimes at a time."""
    from .engine import images, require_docker
    from .repository import choices
    from .run import Run
    from .terminal import Steps

    with Run() as run:
        client = require_docker(run).client
        with Steps() as steps:
            images.build(client, choices(names), run, steps)
        _show_images(client)


@app.command("names")
def images_names(
    names: Names = None,
    publishable: Annotated[
        bool, typer.Option("--publishable", help="Fail where one must not be published.")
    ] = False,
) -> None:
    """Print the names of the images, one a line, for scripts."""
    from .engine import images, require_docker
    from .repository import choices
    from .run import Run
    from .terminal import say

    wanted = [images.tag(choice, role) for choice in choices(names) for role in images.ROLES]
    if publishable:
        with Run() as run:
            images.check_publishable(require_docker(run).client, wanted)
    for name in wanted:
        say(name)


@app.command("list")
def images_list() -> None:
    """List the images with the size of their own layers."""
    from .engine import require_docker
    from .run import Run

    with Run() as run:
        _show_images(require_docker(run).client)


def _show_images(client: DockerClient) -> None:
    from .engine.images import rows, table
    from .terminal import console

    console.print(table(rows(client)))

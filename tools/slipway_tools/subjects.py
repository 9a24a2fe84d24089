"""What the suite judges here: images and scripts, as its subjects."""

from __future__ import annotations

from pathlib import Path

from slipway_conformance import Subject, contract
from slipway_conformance.runtime import Runtime
from slipway_conformance.targets import Launcher
from slipway_conformance.targets.image import ImageLauncher
from slipway_conformance.targets.process import ScriptsLauncher

from . import repository
from .engine import endpoint, images, require_docker
from .engine.process import lacks
from .errors import ToolError
from .kind import Kind
from .repository import Choice
from .run import Run
from .terminal import Steps


def of_runtime(choice: Choice, kind: Kind | None, function: Path | None, run: Run) -> Subject:
    """A runtime of this repository: its images, which are built if need be, or its scripts."""
    if kind is Kind.PROCESS:
        return scripts_subject(choice.runtime, function)
    engine = require_docker(run)
    with Steps() as steps:
        images.ensure(engine.client, [choice], run, steps)
    return _subject(_image(choice.launch_image, choice.runtime, function), choice.runtime)


def of_image(name: str, function: Path | None) -> tuple[Subject, Runtime | None]:
    """An image from wherever, and the runtime here that it is of. No engine is started to look for
    it: one that has the image runs."""
    client = endpoint.find()
    found = client.images.list(name=name) if client else []
    if not found:
        what = f"{name} is no runtime here{_there()} and no URL (http://HOST:PORT), and "
        if client:
            raise ToolError(f"{what}no image on this machine: build or pull it first.")
        raise ToolError(
            f"{what}no container engine answers: start the one that has such an image (slipway engine start)."
        )
    named = found[0].labels.get(contract.load().label("language"), "")
    runtime = next((r for r in repository.runtimes() if r.language == named), None)
    if runtime is None and function is None:
        raise ToolError(
            f"{name} is of no language here: --function names the folder of its conformance function."
        )
    return _subject(_image(name, runtime, function), runtime), runtime


def image_subject(choice: Choice) -> Subject:
    return _subject(_image(choice.launch_image, choice.runtime, None), choice.runtime)


def scripts_subject(runtime: Runtime, function: Path | None = None) -> Subject:
    """The two scripts of *runtime* as plain processes; ToolError where the machine can't run them."""
    lacking = lacks(runtime)
    if lacking:
        raise ToolError("This machine can't run it as plain processes:\n  " + "\n  ".join(lacking))
    home = repository.state() / "verify" / runtime.language
    return _subject(ScriptsLauncher(runtime, home, function), runtime)


def _there() -> str:
    languages = ", ".join(runtime.language for runtime in repository.runtimes())
    return f" ({languages})" if languages else ""


def _image(image: str, runtime: Runtime | None, function: Path | None) -> ImageLauncher:
    launcher = ImageLauncher(image, function or (runtime.function_folder if runtime else None))
    if runtime:
        launcher.describe(runtime)
    return launcher


def _subject(launcher: Launcher, runtime: Runtime | None) -> Subject:
    if runtime is None:
        return Subject(launcher)
    return Subject(launcher, frozenset(runtime.profiles), runtime.known_gaps)

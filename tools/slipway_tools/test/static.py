"""What needs no engine: formatters, linters, types, and the unit tests of conformance/ and tools/."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from attrs import frozen

from .. import parallel, repository
from ..engine import system
from ..engine.system import stream
from ..errors import ToolError
from ..repository import MADE
from ..run import Run
from ..terminal import Step
from . import browser
from .tally import Failed, Tally

_SHELL = ("slipway", ".ci/run")


@frozen
class Check:
    name: str
    command: tuple[str, ...]


def checks() -> list[Check]:
    scripts = [str(path.relative_to(repository.root())) for path in shell_scripts()]
    python = sys.executable
    return [
        Check("ruff format", (_tool("ruff"), "format", "--check", "--diff", "--quiet", ".")),
        Check("ruff check", (_tool("ruff"), "check", "--quiet", ".")),
        Check("mypy", (python, "-m", "mypy")),
        Check("shellcheck", (_tool("shellcheck"), "--severity=warning", *scripts)),
        Check("shfmt", (_tool("shfmt"), "--diff", *scripts)),
        Check("the suite's cases", (python, "-m", "slipway_conformance", "lint")),
    ]


def shell_scripts() -> list[Path]:
    """All shell scripts that somebody wrote here."""
    root = repository.root()
    found = [root / name for name in _SHELL]
    for folder in ("runtimes", "conformance", "tools"):
        for path in sorted((root / folder).rglob("*.sh")):
            if not MADE & set(path.relative_to(root).parts):
                found.append(path)
    return found


def run_checks(tally: Tally) -> None:
    """Two at a time; each counts."""

    def one(check: Check) -> None:
        with tally.piece(check.name) as (step, _):
            in_root(check.command, step)

    parallel.run([partial(one, check) for check in checks()])


def has_browser(tally: Tally) -> bool:
    """Whether the reports' page can be tried in a browser, which is installed if need be. Where it
    can't, that is said, and ends a run in continuous integration."""
    found = browser.find() is not None
    if not found and system.may_install():
        with tally.piece("installing a browser") as (step, counts):
            counts.passed = 0
            system.install(browser.PACKAGES, step.tell)
        found = browser.find() is not None
    if not found and os.environ.get("CI"):
        raise ToolError(browser.MISSING[0].upper() + browser.MISSING[1:] + ".")
    if not found:
        tally.unjudged("the reports' page in a browser", browser.MISSING)
    return found


def run_pytest(tally: Tally, run: Run, in_browser: bool) -> None:
    """The unit tests, file by file, two at a time; each counts. Those of the page run where there is a
    browser, those that need images later; `run_proof` shows more than those that are a part of it."""
    markers = "not containers and not proof" + ("" if in_browser else " and not browser")
    _pytest(tally, run, "unit tests", markers, "-n", str(parallel.AT_ONCE), "--dist", "loadfile")


def run_pytest_on_images(tally: Tally, run: Run) -> None:
    """The tests that need images which have been built."""
    _pytest(tally, run, "tests of interrupted runs", "containers")


def _pytest(tally: Tally, run: Run, name: str, markers: str, *more: str) -> None:
    junit = run.folder("pytest") / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", f"--junit-xml={junit}"]
    command += ["-m", markers, *more]
    with tally.piece(name) as (step, counts):
        try:
            in_root(command, step)
        except ToolError as error:
            passed, failed = _counted(junit) if junit.exists() else (0, 0)
            which = _failing(junit) if junit.exists() else []
            raise Failed(str(error), passed, max(1, failed), which) from error
        counts.passed, _ = _counted(junit)
        if not counts.passed:
            raise Failed("none of them ran: each was skipped, or none was found")


def run_proof(tally: Tally) -> None:
    """The suite's own proof: the reference passes all, every mutant is caught, every case catches one.
    Each mutant meets a third of the cases that it must pass, each case a third of the mutants: all would take twice as
    long, and is what `slipway mutants` does.
    What caught which is written to reports/mutants.md, and all of it to reports/mutants.json."""
    found = repository.reports() / "mutants.json"
    found.unlink(missing_ok=True)
    with tally.piece("the suite's mutants") as (step, counts):
        prove = (sys.executable, "-m", "slipway_conformance.reference.prove")
        files = ("--coverage", str(found.with_suffix(".md")), "--report", str(found))
        share = ("--one-in", "3")
        try:
            output = in_root((*prove, *files, *share), step)
        except ToolError as error:
            which = json.loads(found.read_text())["problems"] if found.exists() else []
            raise Failed(str(error), 0, max(1, len(which)), which) from error
        counts.note = output.rstrip().splitlines()[-1].strip()


def in_root(command: Sequence[str], step: Step) -> str:
    env = os.environ | {"NO_COLOR": "1", "TERM": "dumb"}
    return stream(command, step.tell, env=env, what=" ".join(command[:4]), cwd=repository.root())


def _counted(junit: Path) -> tuple[int, int]:
    """Passed and failed tests of a JUnit file that pytest has just written."""
    suites = ElementTree.parse(junit).getroot().iter("testsuite")
    passed = failed = 0
    for suite in suites:
        broken = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += broken
        passed += int(suite.get("tests", 0)) - broken - int(suite.get("skipped", 0))
    return passed, failed


def _failing(junit: Path) -> list[str]:
    """The names of the tests that did not pass."""
    tests = ElementTree.parse(junit).getroot().iter("testcase")
    return [
        test.get("name", "")
        for test in tests
        if any(part.tag in ("failure", "error") for part in test)
    ]


def _tool(name: str) -> str:
    """A program that was installed beside this Python."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ToolError(f"{name} is not installed: remove .venv and run ./slipway test again.")
    return found

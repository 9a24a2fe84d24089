"""Runs the suite under pytest, one item a case: ``pytest --slipway-image IMAGE --slipway-function
FOLDER``, or ``pytest --slipway-url URL``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .cases import Case
    from .targets import Launcher

_JUDGED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("slipway")
    group.addoption("--slipway-image", help="launch image to judge")
    group.addoption("--slipway-function", help="folder of its conformance function")
    group.addoption(
        "--slipway-url", help="running server to judge; its secret is in RUNTIME_SECRET"
    )


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    if not _asked(session.config):
        return
    from . import cases

    session.stash[_JUDGED] = 0
    suite = _Suite.from_parent(session, name="slipway")
    items.extend(_CaseItem.from_parent(suite, name=case.id, case=case) for case in cases.load())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run in which every case was skipped has shown nothing."""
    if session.stash.get(_JUDGED, None) == 0 and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _asked(config: pytest.Config) -> bool:
    return bool(config.getoption("--slipway-image") or config.getoption("--slipway-url"))


def _launcher(config: pytest.Config) -> Launcher:
    from .targets.image import ImageLauncher
    from .targets.url import UrlLauncher

    if url := config.getoption("--slipway-url"):
        return UrlLauncher(url)
    function = config.getoption("--slipway-function")
    if not function:
        raise pytest.UsageError("--slipway-image needs --slipway-function FOLDER")
    return ImageLauncher(config.getoption("--slipway-image"), Path(function))


class _Suite(pytest.Collector):
    """Launches once for all items."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())

    def setup(self) -> None:
        from . import api, preflight, runner

        launcher = _launcher(self.config)
        self.addfinalizer(launcher.close)
        launcher.prepare()
        if problems := preflight.problems(launcher.launch({})):
            pytest.fail("\n".join(problems), pytrace=False)
        self.runner = runner.Runner(launcher, (), api.Subject(launcher).declared)


class _CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case

    def runtest(self) -> None:
        from . import explain
        from .outcomes import Outcome

        assert isinstance(self.parent, _Suite)
        result = self.parent.runner.judge(self.case)
        if result.outcome in (Outcome.NOT_JUDGED, Outcome.NOT_SUPPORTED):
            pytest.skip(result.note)
        self.session.stash[_JUDGED] += 1
        if result.outcome not in (Outcome.PASS, Outcome.WARNING):
            pytest.fail(explain.failure(result), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return Path("slipway"), None, f"{self.case.id}: {self.case.why}"

"""Runs the suite under pytest, one item a case: ``pytest --slipway-image IMAGE --slipway-function
FOLDER``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .cases import Case
    from .outcomes import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("slipway")
    group.addoption("--slipway-image", help="launch image to judge")
    group.addoption("--slipway-function", help="folder of its conformance function")


def pytest_collection(session: pytest.Session) -> None:
    session.config.stash[_RUN] = bool(session.config.getoption("--slipway-image"))


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    if not session.config.stash.get(_RUN, False):
        return
    from . import cases

    collector = _Suite.from_parent(session, name="slipway")
    items.extend(_CaseItem.from_parent(collector, name=case.id, case=case) for case in cases.load())


_RUN = pytest.StashKey[bool]()
_RUNNER = pytest.StashKey["Runner"]()


class _Suite(pytest.Collector):
    """Launches once for all items."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())

    def setup(self) -> None:
        from . import api, preflight, runner
        from .targets.image import ImageLauncher

        image, function = (
            self.config.getoption("--slipway-image"),
            self.config.getoption("--slipway-function"),
        )
        if not function:
            raise pytest.UsageError("--slipway-image needs --slipway-function FOLDER")
        launcher = ImageLauncher(image, Path(function))
        self.addfinalizer(launcher.close)
        launcher.prepare()
        if problems := preflight.problems(launcher.launch({})):
            pytest.fail("\n".join(problems), pytrace=False)
        self.stash[_RUNNER] = runner.Runner(launcher, (), api.Subject(launcher).declared)


class _CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.case = case

    def runtest(self) -> None:
        from . import explain
        from .outcomes import Outcome

        assert self.parent is not None
        result: Result = self.parent.stash[_RUNNER].judge(self.case)
        if result.outcome in (Outcome.NOT_JUDGED, Outcome.NOT_SUPPORTED):
            pytest.skip(result.note)
        if result.outcome is not Outcome.PASS:
            pytest.fail(explain.failure(result), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return Path("slipway"), None, f"{self.case.id}: {self.case.why}"

"""The browser for the reports' page: found, installed where that is allowed, or missed aloud."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from slipway_tools.engine import system
from slipway_tools.engine.model import Tell
from slipway_tools.errors import ToolError
from slipway_tools.terminal import Steps
from slipway_tools.test import browser, static
from slipway_tools.test.tally import Tally


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH is one empty folder, and on which nothing may be installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(system.NO_INSTALL, "1")
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def _program(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_a_browser_without_its_driver_is_none(bare: Path) -> None:
    _program(bare, "google-chrome")
    assert browser.find() is None
    _program(bare, "chromedriver")
    assert browser.find() == browser.Browser(
        str(bare / "google-chrome"), str(bare / "chromedriver")
    )


def test_it_is_installed_where_that_is_allowed(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(packages: Sequence[str], tell: Tell) -> None:
        for name in ("chromium", "chromedriver"):
            _program(bare, name)

    monkeypatch.setattr(system, "may_install", lambda: True)
    monkeypatch.setattr(system, "install", install)
    tally = Tally(Steps())
    assert static.has_browser(tally)
    assert tally.failed == 0


def test_without_one_the_page_is_not_judged(bare: Path) -> None:
    tally = Tally(Steps())
    assert not static.has_browser(tally)
    assert not tally.complete
    assert "apt-get install chromium" in tally.rows[-1].unjudged


def test_without_one_continuous_integration_fails(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ToolError, match="The page of the reports needs Chromium or Chrome"):
        static.has_browser(Tally(Steps()))

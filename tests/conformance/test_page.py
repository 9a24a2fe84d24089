"""The page of a report in a real browser: opened, filtered, used from the keyboard and on a phone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from slipway_conformance import cases
from slipway_conformance.outcomes import Outcome, Report, Result, TargetReport
from slipway_conformance.reporting import document, html
from slipway_conformance.reporting.html import Figures, Picture, Table
from slipway_conformance.session import Exchanged
from slipway_conformance.wire import Answer, Sent

from tests.conformance.browsing import Page, opened

pytestmark = pytest.mark.browser

SENT = Sent("POST", "/", (("content-type", "application/json"),), b'{"payload": 1}')
CAME_BACK = Answer(200, (("x-a", "<b>"),), b"hello </script>", 0.1)
DOT = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI5IiBoZWlnaHQ9IjkiLz4="
FIGURES = Figures(
    ["Measured on a machine."],
    [Table("Under load", ["server", "requests/s"], [["one", "1,000"]])],
    [Picture("A dot", DOT)],
)


def target(name: str, language: str, **outcomes: Outcome) -> TargetReport:
    """A target that passes every case but for *outcomes*, by id with _ for - and a leading c."""
    special = {key[1:].replace("_", "-"): outcome for key, outcome in outcomes.items()}
    results = tuple(
        Result(
            case,
            outcome,
            ("status: 500, wanted 200",) if outcome is Outcome.FAIL else (),
            (Exchanged(SENT, CAME_BACK),),
            log="a line of the log" if outcome is Outcome.FAIL else "",
        )
        for case in cases.load()
        for outcome in [special.get(case.id.replace(".", "-"), Outcome.PASS)]
    )
    return TargetReport(name, name, language, "1", results)


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with opened() as page:
        yield page


@pytest.fixture
def page(browser: Page, tmp_path: Path) -> Iterator[Page]:
    """Eleven targets, one of which fails in two clauses; nothing may be asked for or complained of."""
    failing = {"c1_1_keep_alive": Outcome.FAIL, "c11_1_declared": Outcome.NOT_JUDGED}
    failing |= {"c2_1_unicode": Outcome.KNOWN_GAP}
    targets = [target("slipway/one:1", "one", **failing)]
    targets += [target(f"slipway/language{n}:1.{n}", f"language{n}") for n in range(10)]
    path = tmp_path / "report.html"
    path.write_text(html.render(document.build(Report(tuple(targets))), FIGURES), "utf-8")
    browser.open(path)
    yield browser
    browser.as_it_was()
    assert browser.complaints() == []
    assert browser.requests() == []


FAILED = "tr[data-clause='1.1'] td[data-target='0'] button"


def clauses(page: Page) -> list[str]:
    return page.texts("tr[data-clause] .number")


def test_a_cell_opens_what_was_sent_and_what_came_back(page: Page) -> None:
    assert page.one(FAILED).text == "✗"
    page.click(FAILED)
    shown = page.one("dialog[open]").text
    assert "1.1 · slipway/one:1" in shown
    assert "MUST speak HTTP/1.1" in shown
    for told in ("1.1-keep-alive", "status: 500, wanted 200", "curl -i", "a line of the log"):
        assert told in shown
    assert "x-a: <b>\n\nhello </script>" in shown
    page.click("#close")
    assert page.texts("dialog") == []


def test_the_next_clause_is_one_step_away(page: Page) -> None:
    page.click(FAILED)
    assert not page.one("#previous").is_enabled()
    page.click("#next")
    assert page.one("#cell-title").text == "1.2 · slipway/one:1"
    page.press(Keys.ESCAPE)
    page.settle()
    assert "1.2 slipway/one:1" in page.focused


def test_keys_alone_reach_and_open_and_close_a_cell(page: Page) -> None:
    page.one("button[type=reset]").send_keys(Keys.TAB)
    label = page.focused
    assert label.startswith("1.1 slipway/one:1: fail, ")
    page.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    label = page.focused
    assert label.startswith("1.2 slipway/language0:1.0: pass, ")
    outline = page.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.press(Keys.ENTER)
    assert page.one("#cell-title").text == "1.2 · slipway/language0:1.0"
    page.press(Keys.ESCAPE)
    page.settle()
    assert page.texts("dialog") == []
    assert page.focused == label
    page.press(Keys.END)
    assert "language9" in page.focused


def test_one_stop_for_tab(page: Page) -> None:
    assert page.run("return document.querySelectorAll('td button[tabindex=\"0\"]').length") == 1


def test_outcomes_texts_languages_and_sections_are_filters(page: Page) -> None:
    every = len(clauses(page))
    page.one("#outcome").send_keys("✗ fail")
    assert clauses(page) == ["1.1"]
    page.click("button[type=reset]")
    page.one("#find").send_keys("keep-alive")
    assert "1.1" in clauses(page)
    assert len(clauses(page)) < every
    page.one("#find").clear()
    page.one("#find").send_keys("1.1")
    assert clauses(page) == ["1.1"]
    page.one("#find").clear()
    page.one("#find").send_keys("nothing has this")
    assert clauses(page) == []
    assert page.texts("#shown") == ["No clause fits: show all, or ask for less."]
    page.click("button[type=reset]")
    assert len(clauses(page)) == every
    page.one("#language").send_keys("language3")
    assert page.texts(".target-name") == ["slipway/language3:1.3"]
    page.one("#section").send_keys("13")
    assert {number.partition(".")[0] for number in clauses(page)} == {"13"}


def test_an_outcome_that_a_hidden_language_has_shows_nothing(page: Page) -> None:
    page.one("#language").send_keys("language3")
    page.one("#outcome").send_keys("✗ fail")
    assert clauses(page) == []


def test_a_phone_shows_it_without_moving_the_page_sideways(page: Page) -> None:
    page.width(360)
    wide = "return document.scrollingElement.scrollWidth"
    assert page.run(wide) <= 360
    page.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", FAILED)
    page.click(FAILED)
    assert page.run(wide) <= 360
    assert page.run("return document.querySelector('dialog').scrollWidth") <= 360
    assert page.one("#close").is_displayed()
    assert page.run("return document.querySelector(arguments[0]).offsetHeight", FAILED) >= 24


def test_every_outcome_has_a_sign_of_its_own(page: Page) -> None:
    legend = page.texts(".legend > span")
    assert len(legend) == len(Outcome)
    assert len({told.split()[0] for told in legend}) == len(Outcome)


def test_paper_shows_signs_and_what_failed_and_no_controls(page: Page) -> None:
    page.medium("print")
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.texts("form") == []
    assert page.texts(FAILED) == ["✗"]
    assert "status: 500, wanted 200" in page.one("#failures").text


def test_figures_stand_in_the_page(page: Page) -> None:
    assert page.texts("#figures caption") == ["Under load"]
    assert page.run("return document.querySelector('#figures img').naturalWidth") == 9


def test_a_cell_of_eleven_targets_opens_at_once(page: Page) -> None:
    began = time.monotonic()
    page.run("document.querySelectorAll('td button')[700].click()")
    assert page.one("dialog[open]").is_displayed()
    assert time.monotonic() - began < 1

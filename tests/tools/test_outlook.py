"""What a test run says of the time that is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_tools.test.outlook import Outlook, Phase

PHASES = [Phase("images", 4, 60), Phase("suites", 2, 90), Phase("none", 0, 1000)]


def test_a_first_run_goes_by_what_is_usual(tmp_path: Path) -> None:
    outlook = Outlook(PHASES, tmp_path / "seconds.json")
    assert outlook.seconds_left == 4 * 60 + 2 * 90
    assert str(outlook) == "about 7 min left"
    with outlook.phase("images"):
        assert outlook.seconds_left == pytest.approx(420, abs=5)
    assert outlook.seconds_left == 180
    with outlook.phase("suites"):
        pass
    assert str(outlook) == "less than a minute left"


def test_a_later_run_goes_by_what_the_last_one_took(tmp_path: Path) -> None:
    history = tmp_path / "seconds.json"
    with Outlook(PHASES, history).phase("images"):
        pass
    assert Outlook(PHASES, history).seconds_left == pytest.approx(180, abs=5)


def test_a_phase_that_fails_says_nothing_about_the_next_run(tmp_path: Path) -> None:
    history = tmp_path / "seconds.json"
    with pytest.raises(ZeroDivisionError), Outlook(PHASES, history).phase("images"):
        raise ZeroDivisionError
    assert Outlook(PHASES, history).seconds_left == 420


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"images": "soon"}', '{"images": [1]}'])
def test_a_history_that_cannot_be_read_is_none(tmp_path: Path, kept: str) -> None:
    history = tmp_path / "seconds.json"
    history.write_text(kept)
    assert Outlook(PHASES, history).seconds_left == 420

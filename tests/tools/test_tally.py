"""A test run counts what failed, and is not green where something was left out."""

from __future__ import annotations

import pytest
from slipway_tools.errors import ToolError
from slipway_tools.terminal import Steps
from slipway_tools.test.tally import Failed, Tally, conclude


def test_pieces_are_counted_and_failures_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        tally = Tally(steps)
        with tally.piece("good") as (_, counts):
            counts.passed = 7
        with tally.piece("bad"):
            raise ToolError("what is wrong")
        with tally.piece("half"):
            raise Failed("two of five", passed=3, failed=2, which=["this", "that"])
        with tally.piece("most"):
            raise Failed(
                "eight", passed=0, failed=8, which=[f"no. {number}" for number in range(8)]
            )
        with tally.piece("broken"):
            raise ZeroDivisionError
    assert (tally.passed, tally.failed) == (10, 12)
    told = capsys.readouterr().out
    assert "what is wrong" in told
    assert "ZeroDivisionError" in told
    notes = {row.name: row.note for row in tally.rows}
    assert notes["half"] == "this, that"
    assert notes["most"].endswith("no. 5 and 2 more")


def test_what_was_left_out_makes_a_run_incomplete() -> None:
    with Steps() as steps:
        tally = Tally(steps)
        assert not tally.complete
        with tally.piece("good"):
            pass
        assert tally.complete
        tally.unjudged("images", "no engine")
    assert not tally.complete
    assert tally.failed == 0


def test_what_failed_is_named_once_more_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        tally = Tally(steps)
        with tally.piece("good"):
            pass
        with tally.piece("half"):
            raise Failed("two of five", failed=2, which=["this", "that"])
        with tally.piece("bad"):
            raise ToolError("what is wrong")
        tally.unjudged("images", "no engine")
    capsys.readouterr()
    conclude(tally, None, 61.4)
    *_, half, bad, left_out, seconds, counts = capsys.readouterr().out.splitlines()
    assert (half, bad) == ("✗ half: this, that", "✗ bad: see above")
    assert left_out.startswith("Not everything was judged")
    assert (seconds, counts) == ("61 s", "1 passed, 3 failed")

"""docs/coverage.md is of the cases and mutants that there are."""

from __future__ import annotations

from pathlib import Path

from slipway_conformance import cases
from slipway_conformance.reference import mutants

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
AGAIN = "make it again: ./slipway mutants --coverage docs/coverage.md"


def test_every_case_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    missing = [case.id for case in cases.load() if f"| {case.id} |" not in text]
    assert not missing, AGAIN


def test_every_mutant_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    missing = [name for name in mutants.load() if f"| {name} |" not in text]
    assert not missing, AGAIN

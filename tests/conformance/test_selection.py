"""Which cases are chosen, and that a pattern which matches nothing is an error."""

from __future__ import annotations

import pytest
from slipway_conformance import cases
from slipway_conformance.selection import Selection, SelectionError


def ids(**chosen: object) -> list[str]:
    return [case.id for case in Selection(**chosen).choose(cases.load())]  # type: ignore[arg-type]


def test_everything_by_default() -> None:
    assert len(ids()) == len(cases.load())


def test_by_id() -> None:
    assert ids(patterns=["5.7-no-answer"]) == ["5.7-no-answer"]


def test_by_glob() -> None:
    assert len(ids(patterns=["11.5-*"])) > 10


def test_by_clause_and_by_section() -> None:
    assert all(case.startswith("1.2-") for case in ids(clauses=["1.2"]))
    section = ids(clauses=["1"])
    assert {case.split(".")[0] for case in section} == {"1"}


def test_by_profile() -> None:
    chosen = {case.id for case in cases.load() if case.profile == "raw"}
    assert set(ids(profiles=["raw"])) == chosen


def test_filters_narrow_each_other() -> None:
    assert ids(clauses=["5"], patterns=["*-no-answer"]) == ["5.7-no-answer"]


def test_by_what_failed() -> None:
    assert ids(ids={"5.7-no-answer"}) == ["5.7-no-answer"]


@pytest.mark.parametrize(
    "chosen",
    [
        {"patterns": ["5.7-no-answer", "nothing-*"]},
        {"clauses": ["99"]},
        {"profiles": ["unheard-of"]},
        {"patterns": ["5.7-*"], "clauses": ["1"]},
    ],
    ids=str,
)
def test_what_matches_nothing_is_an_error(chosen: dict[str, list[str]]) -> None:
    with pytest.raises(SelectionError):
        ids(**chosen)

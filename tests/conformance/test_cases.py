"""The cases as a set: well-formed, one a clause at least, and refused where they are not."""

from __future__ import annotations

import jsonschema
import pytest
from slipway_conformance import cases, data
from slipway_conformance.cases import Case, CaseError

from tests.conformance.conftest import case_of


def test_the_cases_have_no_problem() -> None:
    assert cases.lint(cases.load()) == []


def test_an_id_given_twice_is_found() -> None:
    case = cases.load()[0]
    assert f"{case.id}: the id is there twice" in cases.lint([*cases.load(), case])


def test_a_clause_without_a_case_is_found() -> None:
    left = [case for case in cases.load() if case.clause.number != "5.7"]
    assert "clause 5.7 has no case" in cases.lint(left)


def test_a_listed_case_that_is_gone_is_found() -> None:
    left = [case for case in cases.load() if case.id != "5.7-no-answer"]
    assert any(line.startswith("5.7-no-answer: in 1.0.txt") for line in cases.lint(left))


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"why": "short"}, "why must be one line"),
        ({"why": "a reason of\ntwo whole lines"}, "why must be one line"),
        ({"profile": "unheard-of"}, "the profile unheard-of is not in contract.yaml"),
    ],
)
def test_a_poor_case_is_found(members: dict[str, str], told: str) -> None:
    poor = case_of(lambda session: None, "1.1-poor", since="2.0", **members)
    assert any(line.startswith("1.1-poor") and told in line for line in cases.lint([poor]))


def test_a_case_added_to_a_frozen_version_is_found() -> None:
    added = case_of(lambda session: None, "1.1-added")
    assert any(line.startswith("1.1-added: not in 1.0.txt") for line in cases.lint([added]))


def test_a_later_case_does_not_count_yet() -> None:
    assert not case_of(lambda session: None, "1.1-added", since="2.0").counts
    assert case_of(lambda session: None).counts


def test_a_probe_of_no_clause_is_refused() -> None:
    with pytest.raises(CaseError, match="has no clause 99"):
        cases.probe("99.9-nothing", why="a reason that says something")(lambda session: None)


def test_cases_are_in_the_order_of_their_clauses() -> None:
    keys = [case.sort_key for case in cases.load()]
    assert keys == sorted(keys)


def test_launch_settings_need_a_target_that_launches() -> None:
    assert all("launch" in case.needs for case in cases.load() if case.launch)


def test_cases_that_look_at_the_log_need_one() -> None:
    looking = [case for case in cases.load() if any("logs" in e.expect for e in case.exchanges)]
    assert looking
    assert all("logs" in case.needs for case in looking)


def test_clause_comes_from_the_id() -> None:
    found = next(case for case in cases.load() if case.id == "5.7-no-answer")
    assert isinstance(found, Case)
    assert found.clause.number == "5.7"


VALID: dict[str, object] = {
    "id": "1.1-one",
    "why": "a reason that says something",
    "request": {"steps": [{"do": "send", "text": "x"}]},
    "expect": {"status": 200},
}


def _problems(case: dict[str, object]) -> list[str]:
    document = {"group": "any", "cases": [case]}
    validator = jsonschema.Draft202012Validator(data.schema("cases"))
    return [problem.message for problem in validator.iter_errors(document)]


def test_the_schema_takes_a_case() -> None:
    assert _problems(VALID) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": "one"},
        {"id": "1.1-Upper"},
        {"why": "short"},
        {"unknown": 1},
        {"expect": {}},
        {"expect": {"stauts": 200}},
        {"request": {"steps": [{"do": "unheard-of"}]}},
        {"request": {"steps": [{"do": "send", "txt": "x"}]}},
        {"exchanges": [{"request": {}, "expect": {"status": 200}}]},
    ],
    ids=str,
)
def test_the_schema_refuses(change: dict[str, object]) -> None:
    assert _problems(VALID | change)

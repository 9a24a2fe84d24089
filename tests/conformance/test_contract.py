"""The contract's text and its constants, and that they fit each other."""

from __future__ import annotations

import re

import pytest
from slipway_conformance import cases, contract, data
from slipway_conformance.contract import parse_clauses

TEXT = """
## 1 First things
profile: core

**1.1** MUST be there.

**1.2** SHOULD, on Sundays, be there too.

## 2 Others
profile: raw

**2.1** MUST NOT be there.
"""


def test_clauses_have_level_section_and_profile() -> None:
    clauses = parse_clauses(TEXT)
    assert [(c.number, c.level, c.section, c.profile) for c in clauses.values()] == [
        ("1.1", "MUST", "First things", "core"),
        ("1.2", "SHOULD", "First things", "core"),
        ("2.1", "MUST", "Others", "raw"),
    ]


def test_a_clause_keeps_its_words() -> None:
    assert parse_clauses(TEXT)["2.1"].text == "MUST NOT be there."


def test_a_number_that_is_given_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"clause 1\.1 is there twice"):
        parse_clauses(TEXT + "\n**1.1** MUST be there again.\n")


def test_every_numbered_line_of_the_contract_is_read() -> None:
    numbered = re.findall(r"(?m)^\*\*(\d+\.\d+)\*\*", (data.root() / "CONTRACT.md").read_text())
    assert list(contract.load().clauses) == numbered


def test_profiles_of_clauses_are_listed() -> None:
    terms = contract.load()
    assert {clause.profile for clause in terms.clauses.values()} <= set(terms.profiles)


def test_the_text_names_the_clauses_of_the_profile_that_has_no_section() -> None:
    preamble = (data.root() / "CONTRACT.md").read_text("utf-8").partition("\n## ")[0]
    told = set(re.findall(r"\d+\.\d+", preamble.partition("`isolation`")[2]))
    assert told == {case.clause.number for case in cases.load() if case.profile == "isolation"}


def test_clauses_sort_by_number() -> None:
    clauses = contract.load().clauses
    assert clauses["2.1"].sort_key < clauses["10.1"].sort_key


def test_error_codes_named_in_the_text_are_listed() -> None:
    terms = contract.load()
    named = {
        code
        for clause in terms.clauses.values()
        for status, code in re.findall(r"\b([45]\d\d) `([a-z_]+)`", clause.text)
        if terms.errors.get(code) == int(status)
    }
    told = {
        (int(status), code)
        for clause in terms.clauses.values()
        for status, code in re.findall(r"\b([45]\d\d) `([a-z_]+)`", clause.text)
    }
    assert {code for _, code in told} == named

"""The contract's text and its constants, and that they fit each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from slipway_conformance import cases, contract, data
from slipway_conformance.contract import parse_clauses

OPERATE = Path(__file__).resolve().parents[2] / "docs" / "operate.md"
UNITS = {"KiB": 2**10, "MiB": 2**20}
# What clauses say of contract.yaml's other numbers, each with its unit there.
SAID = {
    ("limits", "configuration_exit"): ("1.6", "exit code {}"),
    ("limits", "timeout_slack_seconds"): ("7.3", "within {} s"),
    ("limits", "recovery_seconds"): ("10.8", "within {} s"),
    ("limits", "log_message_bytes"): ("8.4", "a message of {}"),
    ("limits", "invocation_id"): ("8.6", "matches `{}`"),
    ("limits", "result_log_bytes"): ("9.3", "at {} of messages"),
    ("limits", "header_bytes"): ("11.2", "more than {}"),
    ("limits", "header_lines"): ("11.2", "or {} lines"),
    ("limits", "stall_seconds"): ("11.4", "for {} s"),
    ("container", "memory"): ("11.8", "in {} MiB of memory"),
    ("container", "uid"): ("12.1", "user id {}"),
}

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


def _number(text: str) -> str:
    """A default as contract.yaml writes it: 20 MiB as a number of bytes."""
    amount, _, unit = text.partition(" ")
    return str(int(amount) * UNITS[unit]) if unit in UNITS else text


def _defaults() -> dict[str, str | None]:
    """The defaults of all variables by their names, as texts."""
    found = contract.load().values["variables"].values()
    return {v["name"]: None if v["default"] is None else str(v["default"]) for v in found}


def test_defaults_that_a_clause_repeats_are_those_of_the_constants() -> None:
    said = {
        name: _number(default)
        for clause in contract.load().clauses.values()
        for name, default in re.findall(r"`([A-Z_]+)`[^`]*?\(default ([^),]+)", clause.text)
    }
    assert len(said) >= 8
    assert said == {name: _defaults()[name] for name in said}


def test_defaults_that_the_guide_repeats_are_those_of_the_constants() -> None:
    text = OPERATE.read_text("utf-8")
    said: dict[str, str] = {}
    for names, defaults in re.findall(r"(?m)^\| (`(?:RUNTIME|FUNCTION)_.*?`) \| (.*?) \|", text):
        row = re.findall(r"[A-Z_]+", names)
        values = defaults.split(", ") if len(row) > 1 else [defaults]
        # What has no default has words in its place.
        said |= dict(zip(row, values if len(values) == len(row) else row, strict=True))
    folders = {contract.load().variable(name) for name in ("home", "source", "build")}
    assert said.keys() == _defaults().keys() - folders
    assert all(f"`{name}`" in text for name in folders)
    for name, told in said.items():
        default = _defaults()[name]
        assert not told.isdigit() if default is None else told == default


def test_numbers_that_a_clause_repeats_are_those_of_the_constants() -> None:
    terms = contract.load()
    named = {("limits", name) for name in terms.values["limits"]}
    named |= {("container", name) for name in terms.values["container"]}
    assert named == SAID.keys()
    for (group, name), (number, phrase) in SAID.items():
        value = terms.values[group][name]
        unit = next((u for u in ("MiB", "KiB") if name.endswith("bytes") and value >= UNITS[u]), "")
        told = f"{value // UNITS[unit]} {unit}" if unit else str(value)
        assert phrase.format(told) in terms.clauses[number].text, name


def test_a_runtime_can_name_the_profiles_that_there_are() -> None:
    named = data.schema("runtime")["properties"]["profiles"]["items"]["enum"]
    assert named == contract.load().profiles
    assert set(named) == {case.profile for case in cases.load()}

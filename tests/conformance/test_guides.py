"""What the guides say of the suite is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from slipway_conformance import cases, contract, data

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name != "coverage.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_cases_and_clauses_that_a_guide_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"^(\d+\.\d+-[a-z0-9-]+): fail", text, re.MULTILINE))
    named |= set(re.findall(r"--case '?(\d+\.\d+-[a-z0-9-]+)", text))
    assert named <= {case.id for case in cases.load()}
    clauses = set(re.findall(r"--clause (\d+\.\d+)", text))
    assert clauses <= contract.load().clauses.keys()


def test_a_mistake_is_shown_with_the_reason_of_its_case() -> None:
    text = (DOCS / "add-a-runtime.md").read_text("utf-8")
    shown = re.findall(r"^(\S+): fail\n  why: (.*)", text, re.MULTILINE)
    reasons = {case.id: case.why for case in cases.load()}
    assert len(shown) == 6
    assert all(reasons[case] == why for case, why in shown)


def test_every_key_of_a_runtime_file_is_explained() -> None:
    text = (DOCS / "add-a-runtime.md").read_text("utf-8")
    section = text.partition("## runtime.yaml")[2].partition("\n## ")[0]
    explained = re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"(?m)^\| (`.*?`) \|", section)))
    assert sorted(explained) == sorted(data.schema("runtime")["properties"])

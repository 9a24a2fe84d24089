"""What a written report says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slipway_conformance.reporting import document
from slipway_tools import report
from slipway_tools.errors import ToolError


def _written(path: Path, outcome: str) -> Path:
    conforms = outcome == "pass"
    target = {
        "name": "toy",
        "conforms": conforms,
        "seconds": 3.0,
        "counts": {outcome: 1},
        "results": [{"case": "1.1-one", "outcome": outcome}],
    }
    content = {
        "schema": document.SCHEMA,
        "contract": "1.0",
        "time": "2026-01-01T00:00:00+00:00",
        "conforms": conforms,
        "targets": [target],
    }
    path.write_text(json.dumps(content))
    return path


def test_a_report_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.show(_written(tmp_path / "good.json", "pass")) == 0
    assert report.show(_written(tmp_path / "bad.json", "fail")) == 1
    told = capsys.readouterr().out
    assert "1 pass" in told
    assert "1 fail" in told


def test_two_reports_differ_by_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = _written(tmp_path / "1.json", "pass"), _written(tmp_path / "2.json", "fail")
    assert report.difference(good, good) == 0
    assert report.difference(good, bad) == 1
    assert "1.1-one" in capsys.readouterr().out


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    with pytest.raises(ToolError, match="writes one"):
        report.show(file)
    file.write_text("{}")
    with pytest.raises(ToolError, match="no report of this version"):
        report.show(file)
    file.write_text("{")
    with pytest.raises(ToolError, match="is no report"):
        report.show(file)

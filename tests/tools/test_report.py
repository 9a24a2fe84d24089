"""What written reports say, on the command line as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slipway_conformance import Outcome, Report, Result, TargetReport, cases
from slipway_conformance.reporting import document
from slipway_conformance.reporting.write import write
from slipway_tools import cli, repository
from slipway_tools.errors import ToolError
from typer.testing import CliRunner

from tests.tools.bench.conftest import result as result

CASE = next(case for case in cases.load() if case.counts)


def _written(folder: Path, outcome: Outcome, name: str = "toy") -> str:
    results = (Result(CASE, outcome, ("```",) if outcome is Outcome.FAIL else ()),)
    report = Report((TargetReport(name, name, name, "1", results),))
    return str(write(report, folder)["report.json"])


def _run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["report", *arguments])
    if isinstance(done.exception, ToolError):
        raise done.exception
    return done.exit_code, done.stdout


def test_the_latest_report_is_summed_up(root: Path) -> None:
    _written(repository.reports(), Outcome.PASS)
    code, told = _run()
    assert code == 0
    assert "1 pass" in told
    _written(repository.reports(), Outcome.FAIL)
    code, told = _run()
    assert code == 1
    assert "does not conform" in told
    assert "report.html" in told


def test_several_reports_become_one_page(root: Path, tmp_path: Path) -> None:
    one = _written(tmp_path / "1", Outcome.PASS, "one")
    other = _written(tmp_path / "2", Outcome.FAIL, "other")
    code, told = _run(one, other, "--to", str(tmp_path / "3"))
    assert code == 1
    assert f"In full: {tmp_path / '3' / 'report.html'}" in told.replace("\n", "")
    both = document.read(tmp_path / "3" / "report.json")
    assert [target["name"] for target in both["targets"]] == ["one", "other"]


def test_two_reports_differ_by_case(tmp_path: Path) -> None:
    old = _written(tmp_path / "1", Outcome.PASS)
    new = _written(tmp_path / "2", Outcome.FAIL)
    assert _run("--diff", old, old) == (0, "no difference\n")
    code, told = _run("--diff", old, new)
    assert code == 1
    assert told.splitlines()[1].split() == ["toy", CASE.id, "pass", "fail"]
    with pytest.raises(ToolError, match="--diff OLD NEW"):
        _run("--diff", old)


def test_markdown_and_badge_are_printed(tmp_path: Path) -> None:
    good = _written(tmp_path / "1", Outcome.PASS)
    bad = _written(tmp_path / "2", Outcome.FAIL)
    assert "| toy | conforms | 1 |" in _run("--markdown", good)[1]
    # What a case found may be Markdown itself.
    assert "\n````\n```\n````\n" in _run("--markdown", bad)[1]
    assert _run("--badge", bad)[1].startswith("<svg")
    assert "does not conform" in _run("--badge", bad)[1]


def test_two_wishes_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="name one"):
        _run("--diff", "--badge")


def test_the_page_shows_a_benchmark(root: Path, tmp_path: Path, result: object) -> None:
    from slipway_tools.bench import model

    assert isinstance(result, model.Result)
    measured = tmp_path / "bench.json"
    measured.write_text(model.to_json(result))
    report = _written(tmp_path / "1", Outcome.PASS)
    with pytest.raises(ToolError, match="--to"):
        _run(report, "--bench", str(measured))
    _run(report, "--to", str(tmp_path / "2"), "--bench", str(measured))
    page = (tmp_path / "2" / "report.html").read_text("utf-8")
    assert page.count('src="data:image/svg+xml;base64,') == 2
    assert "Brainwave 7, 32 connections" in page
    assert "<td>missed</td>" in page


def test_the_latest_benchmark_is_found_by_its_date(
    root: Path, tmp_path: Path, result: object
) -> None:
    from slipway_tools import report
    from slipway_tools.bench import model

    assert report.figures() is None
    assert isinstance(result, model.Result)
    folder = repository.state() / "bench" / "results"
    folder.mkdir(parents=True)
    (folder / "2025-01-01T000000.json").write_text("old")
    (folder / "2026-01-02T030405.json").write_text(model.to_json(result))
    found = report.figures()
    assert found is not None
    assert found.about[0].startswith("Measured 2026-01-02")


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    with pytest.raises(ToolError, match="writes one"):
        _run(str(file))
    file.write_text(json.dumps({"schema": document.SCHEMA}))
    with pytest.raises(ToolError, match="no report of this version"):
        _run(str(file))
    file.write_text("{")
    with pytest.raises(ToolError, match="is no report"):
        _run(str(file))

from __future__ import annotations

import io
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console
from slipway_conformance.runtime import Runtime
from slipway_tools.bench import documents, model, overview, plots, terminal
from slipway_tools.bench.errors import BenchError
from slipway_tools.bench.model import Result


def test_the_page_names_the_machine_and_every_verdict(result: Result) -> None:
    page = documents.performance(result, ["performance/throughput.svg"])
    assert "Example CPU, 2 cores, 8 GiB" in page
    assert "![throughput](performance/throughput.svg)" in page
    aim = "| Brainwave 7 | throughput at 32 connections | at least 1 of bare | missed |"
    assert f"{aim} 0.95 of bare |" in page
    assert "25.0 MB after 100,100 invocations, 25.5 MB after 1,000,500 (+2.0 %)" in page
    assert "- other (brainwave:7): it ended; start it by hand.\n" in page


def test_every_row_of_a_table_has_as_many_cells_as_its_header(result: Result) -> None:
    page = documents.performance(result, [])
    for block in page.split("\n\n"):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_the_readme_table_has_suggested_used_and_bare(result: Result) -> None:
    lines = documents.readme_table(result.runtimes[0], result).splitlines()
    assert lines[2:5] == [
        "| frame | 40.0 | 0.50 | 2.50 | 1.25 | 0.40 |",
        "| **Slipway Brainwave** | 90.0 | 0.95 | 1.10 | 1.25 | 0.60 |",
        "| bare loop | 100 | 1.00 | 1.00 | 1.25 | 1.00 |",
    ]


def test_only_what_stands_between_the_markers_changes() -> None:
    text = f"before\n{documents.START}\nold\n{documents.END}\nafter\n"
    new = documents.between_markers(text, "new")
    assert new == f"before\n{documents.START}\nnew\n{documents.END}\nafter\n"
    assert documents.between_markers(new, "new") == new


@pytest.mark.parametrize("text", ["", documents.START, f"{documents.END}{documents.START}"])
def test_a_text_without_both_markers_is_left_alone(text: str) -> None:
    assert documents.between_markers(text, "new") is None


def test_documents_are_written_where_readers_look(
    runtime: Runtime, result: Result, tmp_path: Path
) -> None:
    readme_of_all = tmp_path / "README.md"
    readme_of_all.write_text(f"# All\n{documents.START}\n{documents.END}\n")
    readme = tmp_path / "runtimes" / "brainwave" / "README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text(f"# Brainwave\n{documents.START}\n{documents.END}\n")
    (tmp_path / "docs").mkdir()
    other = evolve(runtime, language="other", title="Another", profiles=("core", "raw"))
    written = documents.write(tmp_path, [runtime, other], result)
    lines = readme_of_all.read_text().splitlines()
    assert lines[4].startswith("| [Another](runtimes/other/README.md) | 7, 8 | a loop | without ")
    assert lines[4].endswith(" |  |  |  |  |")
    assert lines[5].startswith("| [Brainwave](runtimes/brainwave/README.md) | 7, 8 | a loop | ")
    assert " | 90.0 | 0.95 | 330 | " in lines[5]
    assert "**Slipway Brainwave**" in readme.read_text()
    assert {path.name for path in written} == {
        "performance.md",
        "throughput.svg",
        "latency.svg",
        "result.json",
        "README.md",
    }
    assert model.read(tmp_path / "docs" / "performance" / "result.json") == result
    assert all(path.stat().st_size for path in written)


def test_a_readme_without_markers_says_which_lines_to_add(result: Result, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="bench:start"):
        documents.write(tmp_path, [], result)


def test_the_same_result_draws_the_same_bytes(result: Result, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in plots.draw(result, tmp_path / "a")]
    second = [path.read_bytes() for path in plots.draw(result, tmp_path / "b")]
    assert first == second


def test_the_terminal_shows_figures_and_failures(result: Result) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    terminal.show(result, console)
    text = console.export_text()
    assert "0.95 (0.90 to 1.00)" in text
    assert "not measured: other (brainwave:7)" in text


def test_a_quick_run_says_so_wherever_its_figures_stand(runtime: Runtime, result: Result) -> None:
    quick = evolve(result, protocol=evolve(result.protocol, quick=True))
    assert "`./slipway bench --quick`" in overview.table([runtime], quick)
    assert "`./slipway bench --quick brainwave`" in documents.readme_table(quick.runtimes[0], quick)
    assert "--quick" not in overview.table([runtime], result)

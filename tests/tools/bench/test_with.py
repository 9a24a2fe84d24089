"""`bench --with`: an earlier result that does not go with what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from slipway_tools.bench import cli, model, run
from slipway_tools.bench.errors import BenchError
from typer.testing import CliRunner


@pytest.fixture
def earlier(result: model.Result, tmp_path: Path) -> Path:
    path = tmp_path / "earlier.json"
    path.write_text(model.to_json(evolve(result, protocol=run.QUICK)))
    return path


def _bench(*arguments: str) -> BaseException | None:
    return CliRunner().invoke(cli.app, ["--quick", *arguments]).exception


def test_another_protocol_is_refused_before_anything_is_measured(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure", None)
    done = CliRunner().invoke(cli.app, ["--with", str(earlier)])
    assert isinstance(done.exception, BenchError)
    assert "another protocol" in str(done.exception)


def test_a_result_that_is_no_json_is_refused_before_anything_is_measured(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure", None)
    earlier.write_text("{")
    with pytest.raises(BenchError, match="is not JSON"):
        raise _bench("--with", str(earlier)) or AssertionError("it was taken")


def test_what_was_measured_on_another_machine_is_kept_by_itself(
    result: model.Result, earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = evolve(result.machine, cores=64)
    measured = evolve(result, protocol=run.QUICK, machine=machine)
    monkeypatch.setattr(run, "measure", lambda *ignored: measured)
    monkeypatch.setattr(cli, "choose", lambda names: [])
    error = _bench("--with", str(earlier), "--output", str(tmp_path / "out"))
    assert isinstance(error, BenchError)
    (kept,) = (tmp_path / "out").glob("*.json")
    assert model.read(kept) == measured

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve
from slipway_tools.bench import model
from slipway_tools.bench.errors import BenchError


def test_a_result_survives_its_file(result: model.Result, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(model.to_json(result))
    assert model.read(path) == result


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"format": "slipway-bench/0"}, "slipway-bench/0"), ({"machine": {}}, "processor")],
)
def test_a_file_of_another_shape_is_refused(
    result: model.Result, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**json.loads(model.to_json(result)), **change}))
    with pytest.raises(BenchError, match=reason):
        model.read(path)


def test_an_earlier_result_has_what_was_not_measured_now(result: model.Result) -> None:
    (old,) = result.runtimes
    other = evolve(old, language="abacus", image_id="sha256:11")
    earlier = evolve(result, runtimes=(evolve(old, image_id="sha256:22"), other))
    found = model.extended(earlier, result)
    assert found.runtimes == (other, old)
    assert found.launch_total is None


def test_results_of_two_machines_or_protocols_are_not_mixed(result: model.Result) -> None:
    assert model.extended(result, evolve(result, machine=evolve(result.machine, load_before=9)))
    for changed in (
        evolve(result, machine=evolve(result.machine, cores=4)),
        evolve(result, protocol=evolve(result.protocol, rounds=9)),
    ):
        with pytest.raises(BenchError, match="measure all runtimes anew"):
            model.extended(result, changed)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"absent\.json"):
        model.read(tmp_path / "absent.json")

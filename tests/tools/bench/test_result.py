from __future__ import annotations

import json
from pathlib import Path

import pytest
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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"absent\.json"):
        model.read(tmp_path / "absent.json")

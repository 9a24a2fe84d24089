from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from slipway_tools.bench.aims import DEFAULTS
from slipway_tools.bench.catalogue import RuntimeSpec
from slipway_tools.bench.prepare import digest


@pytest.fixture
def spec(tmp_path: Path) -> RuntimeSpec:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "bare").write_text("one")
    return RuntimeSpec("brainwave", "Brainwave", "7", tmp_path, (), ("sh",), DEFAULTS)


def test_what_was_prepared_is_used_again(spec: RuntimeSpec) -> None:
    assert digest(spec, "image") == digest(spec, "image")


def test_a_change_of_anything_prepares_anew(spec: RuntimeSpec) -> None:
    seen = {
        digest(spec, "image"),
        digest(spec, "other image"),
        digest(evolve(spec, prepare=("sh", "-e")), "image"),
    }
    (spec.bench / "bare").write_text("two")
    seen.add(digest(spec, "image"))
    (spec.bench / "bare").rename(spec.bench / "renamed")
    seen.add(digest(spec, "image"))
    assert len(seen) == 5

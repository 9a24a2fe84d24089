from __future__ import annotations

from pathlib import Path

import pytest
from slipway_tools.bench.catalogue import read_runtimes
from slipway_tools.bench.errors import BenchError

RUNTIME = """\
language: brainwave
title: Brainwave
versions: [{version: "7"}, {version: "8", default: true}]
bench:
  prepare: [sh, /bench/prepare.sh]
  bare: {title: bare loop, command: [think, /bench/bare]}
  suggested: [{title: "Frame on a Picture", command: [frame]}]
  aims: {ratio: {32: 1.0}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {"brainwave": RUNTIME, "other": "language: other\n"}.items():
        folder = tmp_path / "runtimes" / name
        folder.mkdir(parents=True)
        (folder / "runtime.yaml").write_text(text)
    return tmp_path


def test_without_a_name_every_runtime_with_a_bench_section_is_measured(root: Path) -> None:
    (spec,) = read_runtimes(root, [])
    assert spec.launch_image == "slipway/brainwave:8"
    assert [(s.name, s.role) for s in spec.servers] == [
        ("slipway", "runtime"),
        ("bare", "bare"),
        ("frame-on-a-picture", "suggested"),
    ]
    assert spec.aims.ratio == {1: 0.5, 32: 1.0}


def test_a_version_can_be_named(root: Path) -> None:
    assert read_runtimes(root, ["brainwave:7"])[0].build_image == "slipway/brainwave:7-build"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "choose from brainwave, other"),
        ("brainwave:9", "choose from 7, 8"),
        ("other", "no bench section"),
    ],
)
def test_an_unknown_name_says_what_there_is(root: Path, name: str, reason: str) -> None:
    with pytest.raises(BenchError, match=reason):
        read_runtimes(root, [name])


def test_an_unknown_aim_is_refused(root: Path) -> None:
    path = root / "runtimes" / "brainwave" / "runtime.yaml"
    path.write_text(RUNTIME.replace("ratio: {32: 1.0}", "speed: 1"))
    with pytest.raises(BenchError, match="remove speed"):
        read_runtimes(root, [])

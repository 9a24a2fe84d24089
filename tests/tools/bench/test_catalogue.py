from __future__ import annotations

import pytest
from attrs import evolve
from slipway_conformance.runtime import Runtime
from slipway_tools import repository
from slipway_tools.bench.catalogue import choose
from slipway_tools.bench.errors import BenchError


@pytest.fixture
def there(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Runtime]:
    """The runtimes of the repository, for a test to change."""
    found = [runtime, evolve(runtime, language="other", bench=None)]
    monkeypatch.setattr(repository, "runtimes", lambda: tuple(found))
    return found


@pytest.mark.usefixtures("there")
def test_without_a_name_every_runtime_with_a_bench_section_is_measured() -> None:
    (spec,) = choose([])
    assert spec.choice.name == "brainwave:8"
    assert [(s.name, s.role) for s in spec.servers] == [
        ("slipway", "runtime"),
        ("bare", "bare"),
        ("frame-on-a-picture", "suggested"),
    ]
    assert spec.aims.ratio == {1: 0.5, 32: 1.0}


@pytest.mark.usefixtures("there")
def test_a_version_can_be_named() -> None:
    assert choose(["brainwave:7"])[0].choice.build_image == "slipway/brainwave:7-build"


@pytest.mark.usefixtures("there")
def test_a_runtime_without_a_bench_section_says_what_to_add() -> None:
    with pytest.raises(BenchError, match="add one"):
        choose(["other"])


def test_with_no_bench_section_at_all_there_is_nothing_to_measure(there: list[Runtime]) -> None:
    del there[0]
    with pytest.raises(BenchError, match="add one"):
        choose([])


def test_an_unknown_aim_is_refused(there: list[Runtime]) -> None:
    assert there[0].bench
    there[0] = evolve(there[0], bench=evolve(there[0].bench, aims={"speed": 1}))
    with pytest.raises(BenchError, match="remove speed"):
        choose(["brainwave"])

from __future__ import annotations

from attrs import evolve
from slipway_tools.bench import figures
from slipway_tools.bench.model import Memory, Result


def test_the_ratio_is_taken_by_round_before_the_median(result: Result) -> None:
    # The last round was slow for both: the medians' ratio would be 0.9, and so is the rounds'; but
    # the highest ratio belongs to that slow round.
    runtime = result.runtimes[0]
    ratio = figures.throughput_ratio(runtime.servers[0], runtime.servers[1], 32)
    assert ratio == figures.Spread(median=0.95, low=0.9, high=1.0)


def test_a_round_that_the_bare_server_lacks_is_left_out(result: Result) -> None:
    used, bare, _ = result.runtimes[0].servers
    bare = evolve(bare, throughput=bare.throughput[:1])
    ratio = figures.throughput_ratio(used, bare, 32)
    assert ratio == figures.Spread(0.95, 0.95, 0.95)
    assert figures.throughput_ratio(used, bare, 1) is None


def test_cold_start_is_compared_with_the_bare_start_of_its_round(result: Result) -> None:
    used, bare, _ = result.runtimes[0].servers
    assert figures.cold_ratio(used, bare) == figures.Spread(1.1, 1.0, 1.2)


def test_growth() -> None:
    assert figures.growth_percent(Memory(1, 1, 10, 100, warm=200, final=210)) == 5
    assert figures.growth_percent(Memory(1, 1)) is None
    assert figures.growth_percent(Memory(1, 1, 100, 100, warm=200, final=200)) is None


def test_verdicts_name_what_is_met_and_what_is_missed(result: Result) -> None:
    found = {one.name: one.met for one in figures.verdicts(result.runtimes[0])}
    assert found == {
        "throughput at 32 connections": False,
        "throughput at 1 connection": True,
        "cold start": True,
        "memory growth up to 1,000,500 invocations": True,
        "launch image": True,
    }


def test_what_was_not_measured_has_no_verdict(result: Result) -> None:
    runtime = result.runtimes[0]
    servers = tuple(evolve(s, throughput=(), cold=(), memory=None) for s in runtime.servers)
    assert figures.verdicts(evolve(runtime, servers=servers, sizes=())) == []

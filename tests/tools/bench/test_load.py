from __future__ import annotations

import pytest
from slipway_tools.bench.errors import ServerError
from slipway_tools.bench.load import parse

# What wrk prints before the line of post.lua.
REPORT = """\
Running 2s test @ http://127.0.0.1:3000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   480.00us  100.00us   3.00ms   90.00%
Requests/sec:  61000.00
"""


def figures(requests: int = 122_000, status: int = 0, sockets: int = 0) -> str:
    return (
        f'{REPORT}\n{{"requests":{requests},"duration_us":2000000,"bytes":1,"p50_us":440,'
        f'"p99_us":970,"status_errors":{status},"socket_errors":{sockets}}}\n'
    )


def test_figures_are_read_after_the_report() -> None:
    found = parse(figures())
    assert found.requests_per_second == 61_000
    assert (found.p50_us, found.p99_us) == (440, 970)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (figures(status=3), "3 answers were no success"),
        (figures(sockets=2), "2 sockets"),
        (figures(requests=0), "no answer at all"),
        ("unable to connect to 127.0.0.1:3000 Connection refused\n", "Connection refused"),
    ],
)
def test_a_failed_request_voids_the_figure(output: str, reason: str) -> None:
    with pytest.raises(ServerError, match=reason):
        parse(output)

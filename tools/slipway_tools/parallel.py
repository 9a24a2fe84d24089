"""Runs pieces of work side by side, and ends what they do when a person interrupts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from slipway_conformance.waiting import as_they_end

from .engine import system
from .errors import ToolError

# Two: builds and checks wait half of the time, and small machines have two cores.
AT_ONCE = 2


def run(
    jobs: Sequence[Callable[[], object]],
    stop: Callable[[], object] = system.end_children,
    at_once: int = AT_ONCE,
) -> None:
    """Runs all *jobs*, *at_once* at a time; the failure of one keeps none of the others from being run.
    ToolError with all messages. An interruption ends them by *stop*."""
    problems = []
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for future in as_they_end(futures):
                error = future.exception()
                if isinstance(error, ToolError):
                    problems.append(str(error))
                elif error:
                    raise error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
    if problems:
        raise ToolError("\n\n".join(problems))

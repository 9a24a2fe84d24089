"""The conformance function as one that doesn't await: its steps block the thread that runs it."""

from main import STEPS, check, steps_of
from slipway import Request, Response


def main(req: Request, res: Response) -> None:
    for step in steps_of(req):
        check(step)
        if STEPS[step["do"]](step, req, res, {}) is not None:
            raise ValueError(f"{step['do']} has to be awaited")

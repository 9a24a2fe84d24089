"""Greets, and says how long it has been since the last greeting."""

import time

import humanize
from slipway import Request, Response

last = time.monotonic()


def main(req: Request, res: Response) -> None:
    global last
    since, last = time.monotonic() - last, time.monotonic()
    payload = req.payload if isinstance(req.payload, dict) else {}
    name = payload.get("name", "World")
    req.log(f"greeting {name}")
    res.json({"message": f"Hello {name}", "since": humanize.naturaldelta(since)})

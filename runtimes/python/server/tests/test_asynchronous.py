"""Asynchronous functions share one loop, also with one that does not yield."""

import threading
import time
import unittest
from typing import Any

from running import Running

FUNCTION = """
import asyncio, os, time

async def main(req, res):
    what = req.payload["do"]
    if what == "await":
        await asyncio.sleep(req.payload["seconds"])
    elif what == "spin":
        while True:
            pass
    elif what == "spin whatever is raised":
        while True:
            try:
                sum(range(1000))
            except BaseException:
                pass
    elif what == "sleep":
        time.sleep(req.payload["seconds"])
    res.json({"process": os.getpid()})
"""


@unittest.skipUnless(Running.has_front(), "the server in Python does not interrupt functions")
class Asynchronous(Running):
    function = FUNCTION

    def test_what_holds_the_loop_costs_its_neighbours_no_answer(self) -> None:
        for held in ({"do": "spin"}, {"do": "spin whatever is raised"}, {"do": "sleep", "seconds": 60}):
            answers: list[tuple[int, str]] = []

            def call(payload: dict[str, Any], timeout: float, answers: list[tuple[int, str]] = answers) -> None:
                answers.append(self.call(payload, timeout))

            patient = [threading.Thread(target=call, args=({"do": "await", "seconds": 2.5}, 20)) for _ in range(5)]
            for thread in patient:
                thread.start()
            time.sleep(0.2)
            self.assertEqual(self.call(held, 0.4)[0], 504)
            status, replaced = self.call({"do": "nothing"})
            self.assertEqual(status, 200)
            for thread in patient:
                thread.join()
            self.assertEqual([status for status, _ in answers], [200] * 5)
            self.assertEqual(len({body for _, body in answers}), 1)
            self.assertNotIn(replaced, {body for _, body in answers})


if __name__ == "__main__":
    unittest.main()

"""Plain functions, which the conformance function is not: they run on threads, beside each other."""

import json
import threading
import time
import unittest
from typing import Any

from running import Running

FUNCTION = """
import asyncio, functools, sys, time

def main(req, res):
    what = req.payload["do"]
    if what == "sleep":
        print(f"sleeping {req.payload['name']}")
        time.sleep(req.payload["seconds"])
        res.send(req.payload["name"])
    elif what == "spin":
        while True:
            pass
    elif what == "exit":
        sys.exit(3)
    elif what == "coroutine":
        return later(req, res)
    else:
        res.json({"name": req.payload.get("name")})

async def later(req, res):
    await asyncio.sleep(req.payload["seconds"])
    res.send("awaited")
"""


class Synchronous(Running):
    function = FUNCTION

    def together(self, payloads: list[dict[str, Any]], timeout: float = 10) -> list[tuple[int, str]]:
        answers: list[tuple[int, str]] = [(0, "")] * len(payloads)

        def one(index: int) -> None:
            answers[index] = self.call(payloads[index], timeout)

        threads = [threading.Thread(target=one, args=(index,)) for index in range(len(payloads))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_sleeping_functions_run_beside_each_other(self) -> None:
        began = time.monotonic()
        answers = self.together([{"do": "sleep", "seconds": 1, "name": str(number)} for number in range(100)])
        self.assertEqual(answers, [(200, str(number)) for number in range(100)])
        self.assertLess(time.monotonic() - began, 5)

    def test_those_that_sleep_briefly_sleep_beside_each_other(self) -> None:
        callers, calls, seconds = 12, 40, 0.003
        answers: set[tuple[int, str]] = set()

        def some(what: str) -> None:
            for _ in range(calls):
                answers.add(self.call({"do": what, "seconds": seconds, "name": "brief"}))

        def took(what: str) -> float:
            threads = [threading.Thread(target=some, args=(what,)) for _ in range(callers)]
            began = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return time.monotonic() - began

        # What the calls themselves take is the machine's business.
        calling = took("answer")
        slept = min(took("sleep") for _ in range(3)) - calling
        self.assertLess(slept, callers * calls * seconds * 2 / 3)
        self.assertEqual(answers, {(200, '{"name":"brief"}'), (200, "brief")})

    def test_quick_ones_pass_a_sleeping_one(self) -> None:
        sleeper = threading.Thread(target=self.call, args=({"do": "sleep", "seconds": 1, "name": "slow"},))
        sleeper.start()
        time.sleep(0.1)
        began = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.call({"do": "answer", "name": "quick"}), (200, '{"name":"quick"}'))
        self.assertLess(time.monotonic() - began, 0.8)
        sleeper.join()

    def test_a_coroutine_that_a_plain_function_returns_is_awaited(self) -> None:
        payload = {"do": "coroutine", "seconds": 0.1}
        self.assertEqual(self.together([payload, payload]), [(200, "awaited")] * 2)

    def test_a_coroutine_is_cancelled_at_its_deadline(self) -> None:
        self.assertEqual(self.call({"do": "coroutine", "seconds": 9}, 0.3)[0], 504)
        self.assertEqual(self.call({"do": "answer", "name": "next"})[0], 200)

    def test_a_busy_loop_costs_its_own_caller_only(self) -> None:
        quick = {"do": "sleep", "seconds": 0.2, "name": "beside"}
        answers = self.together([{"do": "spin"}, quick], 1)
        self.assertEqual(answers[0][0], 504)
        self.assertEqual(answers[1], (200, "beside"))
        began = time.monotonic()
        self.assertEqual(self.call({"do": "answer", "name": "next"})[0], 200)
        self.assertLess(time.monotonic() - began, 2)

    def test_leaving_by_an_exception_is_an_error_of_the_function(self) -> None:
        status, body = self.call({"do": "exit"})
        self.assertEqual((status, json.loads(body)["error"]["code"]), (500, "function_error"))
        self.assertEqual(self.call({"do": "answer", "name": "next"})[0], 200)


if __name__ == "__main__":
    unittest.main()

"""Functions that fail, and whose failure fails in turn when it is looked at."""

import json
import unittest
from typing import ClassVar

from running import Running

FAILING = """
import asyncio

class NoText(Exception):
    def __str__(self):
        raise ValueError("it has no text")

class NoCause(Exception):
    @property
    def __cause__(self):
        raise SystemExit("it has no cause")

class NoMembers:
    def __getattr__(self, name):
        raise ValueError("it has no members")

FAILURES = {"text": NoText, "cause": NoCause}
"""
SYNCHRONOUS = """
def main(req, res):
    what = req.payload["do"]
    if what in FAILURES:
        raise FAILURES[what]
    if what == "members":
        return NoMembers()
    if what == "later":
        return later()
    res.send("well")

async def later():
    await asyncio.sleep(0.01)
    raise NoText
"""
ASYNCHRONOUS = """
async def main(req, res):
    what = req.payload["do"]
    if what == "later":
        await asyncio.sleep(0.01)
        raise NoText
    if what in FAILURES:
        raise FAILURES[what]
    res.send("well")
"""


class Synchronous(Running):
    function = FAILING + SYNCHRONOUS
    failing: ClassVar[list[str]] = ["text", "cause", "members", "later"]

    def test_a_failure_is_answered_whatever_it_says_of_itself(self) -> None:
        for do in self.failing:
            with self.subTest(do):
                status, body = self.call({"do": do}, 2)
                self.assertEqual((status, json.loads(body)["error"]["code"]), (500, "function_error"))
        self.assertEqual(self.call({"do": "answer"}), (200, "well"))


class Asynchronous(Synchronous):
    function = FAILING + ASYNCHRONOUS
    failing: ClassVar[list[str]] = ["text", "cause", "later"]


if __name__ == "__main__":
    unittest.main()

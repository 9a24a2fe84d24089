"""What a function starts: pools of processes, and children that it forks. And streams that it closes."""

import json
import time
import unittest
from http.client import HTTPConnection
from typing import Any, ClassVar

from running import SECRET, Running

COMMON = """
import asyncio, concurrent.futures, multiprocessing, os, sys, time

def square(number):
    return number * number

def steps(req, res):
    what = req.payload["do"]
    if what == "pool":
        context = multiprocessing.get_context(req.payload["method"])
        with context.Pool(2) as pool:
            res.json(pool.map(square, [1, 2, 3]))
    elif what == "executor":
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            res.json(list(pool.map(square, [1, 2, 3])))
    elif what == "fork":
        child = os.fork()
        if child == 0:
            print("printed by the child")
            req.log("logged by the child")
            res.send("child")
            return
        _, status = os.waitpid(child, 0)
        # What a child prints is read by the server, beside what this process says.
        time.sleep(0.2)
        res.json(status)
    elif what == "exit":
        child = os.fork()
        if child == 0:
            sys.exit(3)
        res.json(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    elif what == "raise":
        child = os.fork()
        if child == 0:
            raise ValueError("in the child")
        _, status = os.waitpid(child, 0)
        time.sleep(0.2)
        res.json(os.waitstatus_to_exitcode(status))
    elif what == "close":
        sys.stdout.close()
        sys.stderr.buffer.close()
        print("closed")
        res.send("closed")
    elif what == "print":
        print("out")
        print("err", file=sys.stderr)
        res.json(os.getpid())
"""
SYNCHRONOUS = """
def main(req, res):
    steps(req, res)
"""
ASYNCHRONOUS = """
class Turn:
    def __await__(self):
        yield

async def main(req, res):
    if req.payload["do"] == "await":
        await asyncio.sleep(0.01)
        child = os.fork()
        if child == 0:
            await Turn()
            os._exit(4)
        return res.json(os.waitpid(child, 0)[1])
    if req.payload["do"] == "beside":
        await asyncio.sleep(0.3)
        print("beside")
        return res.send("beside")
    steps(req, res)
"""


class Synchronous(Running):
    function = COMMON + SYNCHRONOUS
    methods: ClassVar[list[str]] = ["fork", "spawn", "forkserver"]

    def result(self, **payload: Any) -> tuple[str, list[str]]:
        """Body and log of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {
            "content-type": "application/json",
            "x-runtime-secret": SECRET,
            "x-runtime-result": "envelope",
            "x-runtime-timeout": "10",
        }
        connection.request("POST", "/", json.dumps({"payload": payload}), headers)
        answer = json.load(connection.getresponse())
        connection.close()
        return answer["body"], [line["message"] for line in answer["logs"]]

    def test_pools_find_the_functions_of_the_module(self) -> None:
        for method in self.methods:
            with self.subTest(method):
                self.assertEqual(self.result(do="pool", method=method), ("[1,4,9]", []))
        self.assertEqual(self.result(do="executor"), ("[1,4,9]", []))

    def test_a_child_that_returns_leaves(self) -> None:
        process = self.result(do="print")[0]
        for _ in range(5):
            body, log = self.result(do="fork")
            self.assertEqual(body, "0")
            self.assertEqual(log, ["printed by the child", "logged by the child"])
        self.assertEqual(self.result(do="exit"), ("3", []))
        body, log = self.result(do="raise")
        self.assertEqual((body, log[-1]), ("1", "ValueError: in the child"))
        for _ in range(20):
            self.assertEqual(self.result(do="print")[0], process)

    def test_nobody_closes_the_streams_of_others(self) -> None:
        self.assertEqual(self.result(do="close"), ("closed", ["closed"]))
        self.assertEqual(self.result(do="print")[1], ["out", "err"])


class Asynchronous(Synchronous):
    function = COMMON + ASYNCHRONOUS

    def test_a_child_goes_on_with_nothing_that_awaits(self) -> None:
        beside = HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"content-type": "application/json", "x-runtime-secret": SECRET, "x-runtime-result": "envelope"}
        beside.request("POST", "/", '{"payload": {"do": "beside"}}', headers)
        time.sleep(0.1)
        self.assertEqual(self.result(do="await")[0], "0")
        answer = json.load(beside.getresponse())
        beside.close()
        self.assertEqual((answer["body"], [line["message"] for line in answer["logs"]]), ("beside", ["beside"]))


if __name__ == "__main__":
    unittest.main()

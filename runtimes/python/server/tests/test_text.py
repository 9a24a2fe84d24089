"""Halves of characters, which JSON can escape and UTF-8 can't hold; and a header that is not a function's business."""

import json
import unittest
from http.client import HTTPConnection
from typing import Any

from running import SECRET, Running

FUNCTION = r"""
import sys

def main(req, res):
    what = req.payload["do"] if isinstance(req.payload, dict) else "body"
    if what == "text":
        res.send("a\ud800b")
    elif what == "pair":
        res.send("\ud83d\ude00\udfff")
    elif what == "header":
        res.send("x", 200, {"x-a": "a\ud800b", "x-b": ["\udc00", "c"]})
    elif what == "name":
        res.send("x", 200, {"x-\ud800": "a"})
    elif what == "log":
        req.log("log a\ud800b")
        req.error("error a\ud800b")
        print("print a\ud800b")
        print("err a\ud800b", file=sys.stderr)
        res.send("x")
    elif what == "raise":
        raise ValueError("a\ud800b")
    elif what == "body":
        res.send(req.body)
    elif what == "headers":
        res.json(req.headers)
"""


class Texts(Running):
    function = FUNCTION

    def envelope(self, envelope: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        """Headers and body of an answer; the envelope goes out in ASCII."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"content-type": "application/json", "x-runtime-secret": SECRET, "x-runtime-result": "envelope"}
        connection.request("POST", "/", json.dumps(envelope), headers)
        result = json.load(connection.getresponse())
        connection.close()
        self.result = result
        return result["headers"], result["body"].encode()

    def test_half_a_character_is_replaced_in_a_body(self) -> None:
        self.assertEqual(self.call({"do": "text"}), (200, "a\ufffdb"))
        self.assertEqual(self.call({"do": "pair"}), (200, "\U0001f600\ufffd"))
        self.assertEqual(self.envelope({"payload": "a\ud800b"})[1], "a\ufffdb".encode())

    def test_half_a_character_is_replaced_in_a_header(self) -> None:
        headers, _ = self.envelope({"payload": {"do": "header"}})
        self.assertEqual((headers["x-a"], headers["x-b"]), (["a\ufffdb"], ["\ufffd", "c"]))
        status, body = self.call({"do": "name"})
        self.assertEqual((status, json.loads(body)["error"]["code"]), (500, "invalid_response"))

    def test_half_a_character_is_replaced_in_the_log(self) -> None:
        self.envelope({"payload": {"do": "log"}})
        self.assertEqual(
            {line["message"] for line in self.result["logs"]},
            {f"{what} a\ufffdb" for what in ("log", "error", "print", "err")},
        )
        self.envelope({"payload": {"do": "raise"}})
        self.assertEqual(self.result["error"]["code"], "function_error")
        self.assertIn("ValueError: a\ufffdb", self.result["logs"][0]["message"])

    def test_a_secret_in_the_envelope_stays_there(self) -> None:
        _, body = self.envelope({"payload": {"do": "headers"}, "headers": {"X-Runtime-Secret": "s", "x-a": "1"}})
        self.assertEqual(json.loads(body), {"x-a": "1"})


if __name__ == "__main__":
    unittest.main()

"""What a function may pass to a response, in all its types: what is compiled checks types of its own."""

import json
import unittest

from running import Running

FUNCTION = """
import collections, http, types

class Text(str):
    pass

CIRCLE = []
CIRCLE.append({"circle": CIRCLE})
DEEP = []
for _ in range(200_000):
    DEEP = [DEEP]

CALLS = {
    "enum status": lambda res: res.send("x", http.HTTPStatus.CREATED),
    "text status": lambda res: res.send("x", "200"),
    "true status": lambda res: res.send("x", True),
    "large status": lambda res: res.send("x", 1 << 80),
    "float status": lambda res: res.send("x", 200.0),
    "own text": lambda res: res.send(Text("x"), 201),
    "bytearray": lambda res: res.send(bytearray(b"x"), 201),
    "memoryview": lambda res: res.send(memoryview(b"x"), 201),
    "number": lambda res: res.send(1),
    "mapping": lambda res: res.send("x", 201, types.MappingProxyType({"x-a": "1"})),
    "ordered": lambda res: res.json("x", 201, collections.OrderedDict({"x-a": ("1", "2")})),
    "keywords": lambda res: res.send(body="x", status=201, headers={"x-a": "1"}),
    "pairs": lambda res: res.send("x", 201, [("x-a", "1")]),
    "number name": lambda res: res.send("x", 201, {1: "1"}),
    "number value": lambda res: res.send("x", 201, {"x-a": 1}),
    "set": lambda res: res.json({1, 2}),
    "circle": lambda res: res.json(CIRCLE),
    "deep": lambda res: res.json(DEEP),
    "named tuple": lambda res: res.json(collections.namedtuple("P", "x y")(1, 2), 201),
}

def main(req, res):
    CALLS[req.payload["do"]](res)
"""

ANSWERED = {
    "enum status": "x",
    "own text": "x",
    "bytearray": "x",
    "memoryview": "x",
    "mapping": "x",
    "ordered": '"x"',
    "keywords": "x",
    "named tuple": "[1,2]",
}
INVALID = [
    "text status",
    "true status",
    "large status",
    "float status",
    "number name",
    "number value",
    "set",
    "circle",
    "deep",
]
FAILED = ["number", "pairs"]


class Arguments(Running):
    function = FUNCTION

    def test_what_is_meant_well_is_answered(self) -> None:
        for do, body in ANSWERED.items():
            with self.subTest(do):
                self.assertEqual(self.call({"do": do}), (201, body))

    def test_what_cannot_be_sent_is_an_invalid_response(self) -> None:
        for do in INVALID:
            with self.subTest(do):
                status, body = self.call({"do": do})
                self.assertEqual((status, json.loads(body)["error"]["code"]), (500, "invalid_response"))

    def test_what_has_the_wrong_type_is_an_error_of_the_function(self) -> None:
        for do in FAILED:
            with self.subTest(do):
                status, body = self.call({"do": do})
                self.assertEqual((status, json.loads(body)["error"]["code"]), (500, "function_error"))


if __name__ == "__main__":
    unittest.main()

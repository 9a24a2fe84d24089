import assert from "node:assert/strict";
import { test } from "node:test";
import { Response, ResponseError } from "../function/response.mjs";

function answerOf(use) {
  const response = new Response();
  use(response);
  return Response.close(response);
}

test("the first answer stands, and the second throws", () => {
  const response = new Response();
  response.send("first");
  assert.throws(() => response.json("second"), /answered already/);
  assert.equal(Response.close(response).body, "first");
  assert.throws(() => response.send("late"), /has ended/);
});

test("what JSON can't hold is no answer", () => {
  const cycle = {};
  cycle.self = cycle;
  for (const value of [undefined, Number.NaN, { a: [Number.POSITIVE_INFINITY] }, () => {}, { f() {} }, 1n, cycle]) {
    assert.ok(answerOf((res) => res.json(value)) instanceof ResponseError);
  }
  assert.equal(
    answerOf((res) => res.json({ a: null, b: undefined, at: new Date(0) })).body,
    '{"a":null,"at":"1970-01-01T00:00:00.000Z"}',
  );
});

test("status and headers are checked", () => {
  for (const [status, headers] of [
    [199, {}],
    [600, {}],
    [200.5, {}],
    ["200", {}],
    [200, { "a b": "x" }],
    [200, { a: "x\r\ny" }],
    [200, { a: "\0" }],
    [200, { a: ["x", {}] }],
    [200, "a: x"],
    [200, [["a"]]],
    [200, ["ab"]],
    [200, [null]],
    [200, [["a", "b", "c"]]],
    [200, [[1, "b"]]],
    [200, new Map([[Symbol("a"), "b"]])],
    [200, new Uint8Array(2)],
  ]) {
    assert.ok(
      answerOf((res) => res.send("", status, headers)) instanceof ResponseError,
      JSON.stringify([status, headers]),
    );
  }
});

test("a list of values is one field for each", () => {
  const { list } = answerOf((res) => res.send("", 200, { "Set-Cookie": ["a=1", "b=2"] }));
  assert.deepEqual(list, [
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
});

test("headers are an object, or whatever gives pairs", () => {
  const pairs = [
    ["a", "1"],
    ["b", "2"],
  ];
  for (const headers of [pairs, new Map(pairs), new Headers(pairs), pairs.values(), { a: 1, b: ["2"] }]) {
    assert.deepEqual(answerOf((res) => res.send("", 200, headers)).list, pairs);
  }
  assert.deepEqual(answerOf((res) => res.send("", 200, { entries: "a" })).list, [["entries", "a"]]);
});

test("a lone surrogate of a header is replaced", () => {
  const { list } = answerOf((res) => res.send("", 200, { a: "\ud800é\u{1f600}\udc00" }));
  assert.deepEqual(list, [["a", "\ufffdé\u{1f600}\ufffd"]]);
});

test("bytes that the function writes over later go out as they were", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const answer = answerOf((res) => {
    res.send(bytes);
    bytes.fill(0);
  });
  assert.deepEqual([...answer.body], [1, 2, 3]);
});

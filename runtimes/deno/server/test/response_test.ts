import assert from "node:assert/strict";
import type { Response as Wanted } from "slipway";
import { type Answer, Response, ResponseError } from "../response.ts";

// Functions of every kind are tried, those that the types forbid too.
// deno-lint-ignore no-explicit-any
type Any = any;

function answerOf(use: (response: Any) => void): Answer | ResponseError | null {
  const response: Wanted & Response = new Response();
  use(response);
  return Response.close(response);
}

Deno.test("the first answer stands, and the second throws", () => {
  const response = new Response();
  response.send("first");
  assert.throws(() => response.json("second"), /answered already/);
  assert.equal((Response.close(response) as Answer).body, "first");
  assert.throws(() => response.send("late"), /has ended/);
});

Deno.test("what JSON can't hold is no answer", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const value of [undefined, NaN, { a: [Infinity] }, () => {}, { f() {} }, 1n, cycle]) {
    assert.ok(answerOf((res) => res.json(value)) instanceof ResponseError);
  }
  const { body } = answerOf((res) => res.json({ a: null, b: undefined, at: new Date(0) })) as Answer;
  assert.equal(body, '{"a":null,"at":"1970-01-01T00:00:00.000Z"}');
});

Deno.test("status, headers and body are checked", () => {
  for (
    const given of [
      ["", 199],
      ["", 600],
      ["", 200.5],
      ["", "200"],
      ["", 200, { "a b": "x" }],
      ["", 200, { a: "x\r\ny" }],
      ["", 200, { a: "\0" }],
      ["", 200, { a: ["x", {}] }],
      ["", 200, "a: x"],
      ["", 200, [["a"]]],
      ["", 200, ["ab"]],
      ["", 200, [null]],
      ["", 200, [["a", "b", "c"]]],
      ["", 200, new Map([[1, "b"]])],
      ["", 200, new Uint8Array(2)],
      [{}],
      [null],
    ]
  ) assert.ok(answerOf((res) => res.send(...given)) instanceof ResponseError, JSON.stringify(given));
});

Deno.test("headers are an object, a Map, Headers or pairs; a list of values is one field for each", () => {
  const expected = [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]];
  const object = { "Set-Cookie": ["a=1", "b=2"] };
  assert.deepEqual((answerOf((res) => res.send("", 200, object)) as Answer).headers, expected);
  assert.deepEqual((answerOf((res) => res.send("", 200, new Map(Object.entries(object)))) as Answer).headers, expected);
  assert.deepEqual((answerOf((res) => res.send("", 200, Object.entries(object))) as Answer).headers, expected);
  assert.deepEqual((answerOf((res) => res.send("", 200, new Headers({ A: "1" }))) as Answer).headers, [["a", "1"]]);
});

Deno.test("half a character in a header is replaced", () => {
  const { headers } = answerOf((res) => res.send("", 200, { a: "é\ud800𝄞" })) as Answer;
  assert.deepEqual(headers, [["a", "é\ufffd𝄞"]]);
});

Deno.test("bytes that the function writes over later go out as they were", () => {
  const bytes = new Uint8Array([0, 1, 2, 3]);
  for (const given of [bytes.subarray(1), new DataView(bytes.buffer, 1), bytes.buffer.slice(1)]) {
    const answer = answerOf((res) => {
      bytes.set([0, 1, 2, 3]);
      res.send(given);
      bytes.fill(0);
    }) as Answer;
    assert.deepEqual([...answer.body], [1, 2, 3]);
  }
});

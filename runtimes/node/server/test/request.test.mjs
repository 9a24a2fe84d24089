import assert from "node:assert/strict";
import { test } from "node:test";
import { Request, readEnvelope, readRaw } from "../function/request.mjs";

const read = (bytes) => readEnvelope(bytes, 0, bytes.length);
const envelope = (text) => read(Buffer.from(text));
const request = (fields) => new Request("id", 0, fields, () => {});

test("an empty envelope is an invocation", () => {
  const { method, path, query, payload, headers } = envelope("{}");
  assert.deepEqual(
    { method, path, query, payload, headers: { ...headers } },
    { method: "POST", path: "/", query: "", payload: null, headers: {} },
  );
});

test("what is wrong with an envelope is named", () => {
  for (const [text, code, words] of [
    ["", "invalid_json", /JSON/],
    ["\ufeff{}", "invalid_json", /JSON/],
    ["[]", "invalid_envelope", /object/],
    ['{"headers":{"a":1}}', "invalid_envelope", /headers/],
    ['{"env":null}', "invalid_envelope", /env/],
    ['{"method":1}', "invalid_envelope", /method/],
    ['{"query":[]}', "invalid_envelope", /query/],
  ]) {
    assert.throws(() => envelope(text), { code, message: words }, text);
  }
  assert.throws(() => read(Buffer.from([0x22, 0xff, 0x22])), { code: "invalid_json" });
});

test("members of any name are data", () => {
  const { payload, headers, env } = envelope(
    '{"payload":{"__proto__":{"a":1},"":2},"headers":{"__proto__":"h"},"env":{"__proto__":"e"}}',
  );
  assert.deepEqual(Object.keys(payload), ["__proto__", ""]);
  assert.equal(Object.getPrototypeOf(payload), Object.prototype);
  assert.equal(Reflect.get(headers, "__proto__"), "h");
  assert.equal(Object.hasOwn(env, "__proto__"), true);
});

test("fields of one name are joined", () => {
  const head = JSON.stringify({
    method: "GET",
    path: "/",
    query: "",
    headers: [
      ["a", "1"],
      ["a", "2"],
      ["cookie", "b"],
      ["cookie", "c"],
    ],
  });
  assert.deepEqual({ ...readRaw(head, Buffer.alloc(0), 0, 0).headers }, { a: "1, 2", cookie: "b; c" });
});

test("the query is decoded, and names may repeat", () => {
  const { query } = request({ query: "?a=1&b=%C3%A9+x&b=&__proto__=p&%zz" });
  assert.deepEqual(
    { ...query },
    Object.fromEntries([
      ["?a", ["1"]],
      ["b", ["é x", ""]],
      ["__proto__", ["p"]],
      ["%zz", [""]],
    ]),
  );
});

test("a raw body is parsed by its type", () => {
  const raw = (type, body) => {
    const head = JSON.stringify({ method: "POST", path: "/", query: "", headers: [["content-type", type]] });
    return readRaw(head, Buffer.from(body), 0, body.length).payload;
  };
  assert.deepEqual(raw("application/problem+json; charset=utf-8", '{"a":1}'), { a: 1 });
  assert.equal(raw("application/json", ""), null);
  assert.equal(raw("text/csv", "a,b"), "a,b");
  assert.equal(raw("image/png", "x"), null);
  assert.throws(() => raw("application/json", "{"), { code: "invalid_json" });
});

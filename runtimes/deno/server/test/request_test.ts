import assert from "node:assert/strict";
import type { Request as Wanted } from "slipway";
import { readEnvelope, readInvocation, readRaw, Request } from "../request.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const envelope = (text: string) => readEnvelope(bytes(text));
const request = (text: string): Wanted => new Request("id", 0, envelope(text), { A: "1", B: "2" }, () => {});

Deno.test("an invocation has its parts one behind the other", () => {
  const frame = [1, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 2, 0x69, 0x64, 0, 0, 0, 2, 0xc3, 0xa9, 0xff];
  assert.deepEqual(
    readInvocation(Uint8Array.from(frame)),
    { raw: true, deadline: 1.5, id: "id", head: "é", body: Uint8Array.of(0xff) },
  );
  const { raw, head, body } = readInvocation(Uint8Array.from([0, ...frame.slice(1, 12), 0, 0, 0, 0, 0x7b]));
  assert.deepEqual({ raw, head, body }, { raw: false, head: "", body: Uint8Array.of(0x7b) });
});

Deno.test("an empty envelope is an invocation", () => {
  const { method, path, query, payload, headers, env, body } = request("{}");
  assert.deepEqual(
    { method, path, query: { ...query }, payload, headers: { ...headers }, env, body: [...body] },
    { method: "POST", path: "/", query: {}, payload: null, headers: {}, env: { A: "1", B: "2" }, body: [] },
  );
});

Deno.test("what is wrong with an envelope is named", () => {
  for (
    const [text, code, message] of [
      ["", "invalid_json", /JSON/],
      ["\ufeff{}", "invalid_json", /JSON/],
      ["[]", "invalid_envelope", /object/],
      ['{"headers":{"a":1}}', "invalid_envelope", /headers/],
      ['{"env":null}', "invalid_envelope", /env/],
      ['{"method":1}', "invalid_envelope", /method/],
      ['{"path":null}', "invalid_envelope", /path/],
      ['{"query":[]}', "invalid_envelope", /query/],
    ] as const
  ) assert.throws(() => envelope(text), { code, message }, text);
  assert.throws(() => readEnvelope(Uint8Array.of(0x22, 0xff, 0x22)), { code: "invalid_json" });
});

Deno.test("members of any name are data", () => {
  const { payload, headers, env } = request(
    '{"payload":{"__proto__":{"a":1},"":2},"headers":{"__proto__":"h"},"env":{"__proto__":"e"}}',
  );
  assert.deepEqual(Object.keys(payload), ["__proto__", ""]);
  assert.equal(Object.getPrototypeOf(payload), Object.prototype);
  assert.equal(Reflect.get(headers, "__proto__"), "h");
  assert.equal(Object.hasOwn(env, "__proto__"), true);
});

Deno.test("one invocation's environment is not another one's", () => {
  const base = { A: "1" };
  const make = () => new Request("id", 0, envelope('{"env":{"B":"2"}}'), base, () => {});
  make().env.A = "changed";
  assert.deepEqual(make().env, { A: "1", B: "2" });
});

Deno.test("fields of one name are joined", () => {
  const headers = [["a", "1"], ["a", "2"], ["cookie", "b"], ["cookie", "c"], ["x-runtime-secret", "s"]];
  const head = JSON.stringify({ method: "GET", path: "/", query: "", headers });
  assert.deepEqual({ ...readRaw(head, bytes("")).headers }, { a: "1, 2", cookie: "b; c" });
});

Deno.test("the query is decoded, and names may repeat", () => {
  const { query } = request(JSON.stringify({ query: "?a=1&b=%C3%A9+x&b=&__proto__=p&%zz" }));
  assert.deepEqual(Object.entries(query), [["?a", ["1"]], ["b", ["é x", ""]], ["__proto__", ["p"]], ["%zz", [""]]]);
});

Deno.test("a raw body is parsed by its type", () => {
  const raw = (type: string, body: string) => {
    const head = JSON.stringify({ method: "POST", path: "/", query: "", headers: [["content-type", type]] });
    return readRaw(head, bytes(body)).payload;
  };
  assert.deepEqual(raw("application/problem+json; charset=utf-8", '{"a":1}'), { a: 1 });
  assert.equal(raw("application/json", ""), null);
  assert.equal(raw("text/csv", "a,b"), "a,b");
  assert.equal(raw("image/png", "x"), null);
  assert.throws(() => raw("application/json", "{"), { code: "invalid_json" });
});

Deno.test("the body is the function's own copy", () => {
  const chunk = bytes("one two");
  const head = JSON.stringify({ method: "POST", path: "/", query: "", headers: [] });
  const { body } = new Request("id", 0, readRaw(head, chunk.subarray(0, 3)), {}, () => {});
  body.fill(0);
  assert.equal(new TextDecoder().decode(chunk), "one two");
});

import assert from "node:assert/strict";
import { secretComparison } from "../authorise.ts";
import { traceIdOf } from "../contract.ts";
import {
  checkEnvelopeRequest,
  checkId,
  type Choices,
  rawHead,
  readChoices,
  readControl,
  Refusal,
  splitTarget,
  tooLarge,
} from "../control.ts";

const choices = (...headers: string[]) => readChoices(readControl(headers), { timeoutMs: 30_000 });

Deno.test("a secret must match as a whole", () => {
  const authorised = secretComparison("sécret");
  // Headers come as one character for each byte.
  assert.equal(authorised("s\xc3\xa9cret"), true);
  for (const wrong of [null, "", "s", "s\xc3\xa9cret ", "s\xc3\xa9cre", "S\xc3\xa9cret", "sécret", "\0".repeat(7)]) {
    assert.equal(authorised(wrong), false, JSON.stringify(wrong));
  }
});

Deno.test("a target is cut at its first question mark", () => {
  assert.deepEqual(splitTarget("/a?b?c"), { path: "/a", query: "b?c" });
  assert.deepEqual(splitTarget("http://[::1]:3000?x"), { path: "/", query: "x" });
  assert.deepEqual(splitTarget("https://host/a//b"), { path: "/a//b", query: "" });
  assert.deepEqual(splitTarget("*"), { path: "*", query: "" });
});

Deno.test("a timeout can be shortened and not lengthened", () => {
  assert.equal((choices("x-runtime-timeout", "2.5") as Choices).timeoutMs, 2500);
  assert.equal((choices("X-Runtime-Timeout", "99999") as Choices).timeoutMs, 30_000);
  for (const wrong of ["0", "-1", "1e3", "", "abc", "0x10", "1,5", "Infinity"]) {
    assert.ok(choices("x-runtime-timeout", wrong) instanceof Refusal, wrong);
  }
});

Deno.test("repeated headers of the runtime are refused", () => {
  assert.ok(choices("x-runtime-mode", "raw", "X-Runtime-Mode", "raw") instanceof Refusal);
  assert.equal(
    checkId(readControl(["x-runtime-invocation-id", "a", "x-runtime-invocation-id", "b"]).id!)?.code,
    "invalid_header",
  );
});

Deno.test("the content type counts in any case of letters and with parameters", () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"]) {
    assert.equal(checkEnvelopeRequest("POST", "/", type), null, type);
  }
  for (const type of [null, "", "text/json", "application/json5", "application/ld+json"]) {
    assert.equal(checkEnvelopeRequest("POST", "/", type)?.code, "unsupported_media_type", String(type));
  }
});

Deno.test("large heads are seen, by bytes and by lines", () => {
  assert.equal(tooLarge(readControl(["a", "x".repeat(16_379)])), false);
  assert.equal(tooLarge(readControl(["a", "x".repeat(16_380)])), true);
  const lines = (count: number) => Array.from({ length: count }, (_, index) => [`x-${index}`, ""]).flat();
  assert.equal(tooLarge(readControl(lines(100))), false);
  assert.equal(tooLarge(readControl(lines(101))), true);
});

Deno.test("what belongs to the connection or the runtime is not the function's", () => {
  const head = rawHead("GET", splitTarget("/p?q=\xc3\xa9"), [
    ...["Host", "h", "Connection", "X-Named, close", "x-named", "1", "TE", "trailers"],
    ...["X-Runtime-Secret", "s", "X-Utf8", "\xc3\xa9", "X-Latin1", "\xe9"],
  ]);
  assert.deepEqual(JSON.parse(head), {
    headers: [["host", "h"], ["x-utf8", "é"], ["x-latin1", "é"]],
    method: "GET",
    path: "/p",
    query: "q=é",
  });
});

Deno.test("only a valid traceparent has a trace id", () => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  assert.equal(traceIdOf(`00-${id}-b7ad6b7169203331-01`), id);
  assert.equal(traceIdOf(`01-${id}-b7ad6b7169203331-01-more`), id);
  for (
    const wrong of [
      "",
      `ff-${id}-b7ad6b7169203331-01`,
      `00-${id}-b7ad6b7169203331-01-more`,
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
      `00-${id}-${"0".repeat(16)}-01`,
      `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
    ]
  ) assert.equal(traceIdOf(wrong), null, wrong);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkEnvelopeRequest,
  rawHead,
  readChoices,
  readControl,
  splitTarget,
  tooLarge,
} from "../../plain/control.mjs";

const settings = { timeoutMs: 30_000 };
const choices = (...headers) => readChoices(readControl(headers), settings);

test("a target is cut at its first question mark", () => {
  assert.deepEqual(splitTarget("/a?b?c"), { path: "/a", query: "b?c" });
  assert.deepEqual(splitTarget("http://[::1]:3000?x"), { path: "/", query: "x" });
  assert.deepEqual(splitTarget("https://host/a//b"), { path: "/a//b", query: "" });
  assert.deepEqual(splitTarget("*"), { path: "*", query: "" });
});

test("a timeout can be shortened and not lengthened", () => {
  assert.equal(choices("x-runtime-timeout", "2.5").timeoutMs, 2500);
  assert.equal(choices("X-Runtime-Timeout", "99999").timeoutMs, 30_000);
  for (const wrong of ["0", "-1", "1e3", "", "abc", "0x10", "1,5", "Infinity"]) {
    assert.equal(choices("x-runtime-timeout", wrong).code, "invalid_header", wrong);
  }
});

test("repeated headers of the runtime are refused", () => {
  assert.equal(choices("x-runtime-mode", "raw", "x-runtime-mode", "raw").code, "invalid_header");
});

test("the content type counts in any case of letters and with parameters", () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"]) {
    assert.equal(checkEnvelopeRequest("POST", "/", type), null, type);
  }
  for (const type of [null, "text/plain", "application/jsonp", "application/json5"]) {
    assert.equal(checkEnvelopeRequest("POST", "/", type).code, "unsupported_media_type", String(type));
  }
});

test("raw mode passes on what is not the connection's and not the runtime's", () => {
  const head = rawHead("GET", { path: "/", query: "" }, [
    "Connection",
    "close, X-Hop",
    "X-Hop",
    "1",
    "X-Runtime-Secret",
    "s",
    "Accept",
    "caf\u00c3\u00a9",
  ]);
  assert.deepEqual(JSON.parse(head).headers, [["accept", "café"]]);
});

test("headers are limited by bytes and by lines", () => {
  assert.equal(tooLarge(readControl(["a", "x".repeat(16_384 - 5)])), false);
  assert.equal(tooLarge(readControl(["a", "x".repeat(16_384 - 4)])), true);
  assert.equal(tooLarge(readControl(Array(200).fill("a"))), false);
  assert.equal(tooLarge(readControl(Array(202).fill("a"))), true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { traceIdOf } from "../function/trace.mjs";

test("a trace id comes from a valid traceparent only", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  assert.equal(traceIdOf(`00-${trace}-00f067aa0ba902b7-01`), trace);
  assert.equal(traceIdOf(`cc-${trace}-00f067aa0ba902b7-01-more`), trace);
  for (const wrong of [
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace}-00f067aa0ba902b7-01-more`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
    "",
  ]) {
    assert.equal(traceIdOf(wrong), null, wrong);
  }
});

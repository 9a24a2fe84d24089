import assert from "node:assert/strict";
import { traceIdOf } from "../trace.ts";

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

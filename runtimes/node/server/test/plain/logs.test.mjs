import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMIT } from "../../plain/contract.mjs";
import { ResultLog } from "../../plain/logs.mjs";

test("the newest lines of a result are kept, and empty ones not without end", () => {
  const log = new ResultLog();
  for (let index = 0; index < LIMIT.resultLogBytes; index += 1) log.add("t", "info", "");
  assert.equal(log.truncated, false);
  log.add("t", "info", "new");
  assert.equal(log.truncated, true);
  assert.equal(log.lines.length, LIMIT.resultLogBytes - 2);
  assert.equal(log.lines.at(-1).message, "new");
});

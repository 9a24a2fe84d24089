import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { answerParts, Pool } from "../../plain/pool.mjs";

// Answers, and is gone by the time that the server gets to read it.
const FUNCTION = `
module.exports = (req, res) => {
  setTimeout(() => process.exit(3), 20);
  res.send("answered");
};
`;

test("an answer counts that was given before its process ended, however late the server reads it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(folder, "index.js"), FUNCTION);
  let heard;
  const outcome = new Promise((done) => {
    heard = done;
  });
  const pool = new Pool(
    { entrypoint: null, env: process.env, folder, workers: 1 },
    {
      answer: (_, bytes) => heard(answerParts(bytes).body.toString()),
      refuse: (_, code) => heard(code),
    },
  );
  try {
    await pool.start();
    pool.started();
    const invocation = { deadline: Date.now() + 10_000, id: "late", log: null, trace: null };
    pool.invoke(invocation, { chunks: [Buffer.from("{}")], head: "", mode: 0, size: 2 });
    // As on a machine that has no processor for it: its timers are due before it has read anything.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    assert.equal(await outcome, "answered");
  } finally {
    pool.stop();
    rmSync(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { LIMIT } from "../contract.ts";
import { LineCutter, ResultLog } from "../logs.ts";

function cut(...chunks: Uint8Array[]): string[] {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  for (const chunk of chunks) cutter.push(chunk);
  cutter.end();
  return lines;
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("lines are cut wherever the chunks are", () => {
  const text = bytes("é1\n\n€2\nrest");
  const expected = ["é1", "", "€2", "rest"];
  assert.deepEqual(cut(text), expected);
  assert.deepEqual(cut(...Array.from(text, (byte) => Uint8Array.of(byte))), expected);
});

Deno.test("a line without an end is not collected for ever", () => {
  const [first, rest] = cut(bytes("x".repeat(LIMIT.logMessageBytes)), bytes("yz"));
  assert.equal(first.length, LIMIT.logMessageBytes);
  assert.equal(rest, "yz");
});

Deno.test("the result keeps the newest lines that fit", () => {
  const log = new ResultLog();
  const size = 100;
  const fit = Math.floor(LIMIT.resultLogBytes / size);
  for (let index = 0; index < fit; index += 1) log.add("", "info", String(index).padEnd(size));
  assert.equal(log.truncated, false);
  for (let index = fit; index < 3 * fit; index += 1) log.add("", "info", String(index).padEnd(size));
  assert.equal(log.truncated, true);
  const kept = log.lines;
  assert.equal(kept.length, fit);
  assert.equal(kept[0].message.trim(), String(2 * fit));
  assert.equal(kept.at(-1)?.message.trim(), String(3 * fit - 1));
});

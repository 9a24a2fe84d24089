import assert from "node:assert/strict";
import { LineCutter, LONGEST_LINE } from "../lines.ts";

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
  const [first, rest] = cut(bytes("x".repeat(LONGEST_LINE)), bytes("yz"));
  assert.equal(first.length, LONGEST_LINE);
  assert.equal(rest, "yz");
});

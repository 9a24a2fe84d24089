import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader, frame, KIND, textFrame } from "../frames.mjs";

function read(bytes, size) {
  const frames = [];
  const reader = new FrameReader((kind, number, content) => frames.push([kind, number, content.toString()]));
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return frames;
}

test("frames come out whole, however the stream is cut", () => {
  const large = "x".repeat(1000);
  const bytes = Buffer.concat([
    textFrame(KIND.log, 7, "é"),
    frame(KIND.ping, 0, 0),
    textFrame(KIND.answer, 0xffff_ffff, large),
    frame(KIND.pong, 0, 0),
  ]);
  const expected = [
    [KIND.log, 7, "é"],
    [KIND.ping, 0, ""],
    [KIND.answer, 0xffff_ffff, large],
    [KIND.pong, 0, ""],
  ];
  for (const size of [1, 2, 8, 9, 10, 11, 100, bytes.length]) {
    assert.deepEqual(read(bytes, size), expected, `in pieces of ${size}`);
  }
});

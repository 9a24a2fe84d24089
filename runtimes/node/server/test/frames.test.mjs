import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader, KIND, Outbox } from "../function/frames.mjs";

function read(bytes, size) {
  const frames = [];
  const reader = new FrameReader((kind, number, buffer, start, end) => {
    frames.push([kind, number, buffer.toString("utf8", start, end)]);
  });
  // One piece is read into the memory of the one before.
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) reader.push(buffer, bytes.copy(buffer, 0, at, at + size));
  return frames;
}

function taken(outbox) {
  return Buffer.from(outbox.bytes.subarray(outbox.start, outbox.start + outbox.size));
}

test("frames come out whole, however the stream is cut", () => {
  const large = "x".repeat(1000);
  const outbox = new Outbox();
  outbox.begin(KIND.log, 7).text("é").end();
  outbox.begin(KIND.ping, 0).end();
  outbox.begin(KIND.answer, 0xffff_ffff).text(large).end();
  outbox.begin(KIND.pong, 0).end();
  const bytes = taken(outbox);
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

test("what does not fit grows, and what is sent is forgotten", () => {
  const outbox = new Outbox();
  const texts = ["a".repeat(40_000), "é".repeat(40_000), "", "\ud800 alone", "€".repeat(64)];
  const expected = [];
  for (const [index, text] of texts.entries()) {
    outbox.begin(KIND.log, index).u8(1).sizedText(text).put(Buffer.from("end")).end();
    const bytes = Buffer.from(text);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    expected.push(Buffer.concat([Buffer.of(1), size, bytes, Buffer.from("end")]).toString());
  }
  const first = taken(outbox).subarray(0, 50_000);
  outbox.drop(first.length);
  outbox.begin(KIND.pong, 9).end();
  const bytes = Buffer.concat([first, taken(outbox)]);
  assert.deepEqual(
    read(bytes, 4096).map(([, , text]) => text),
    [...expected, ""],
  );
  outbox.drop(outbox.size);
  assert.equal(outbox.size, 0);
});

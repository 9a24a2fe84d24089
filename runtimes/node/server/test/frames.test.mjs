import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader, KIND, Outbox } from "../function/frames.mjs";

function read(bytes, size) {
  const frames = [];
  const take = (kind, number, buffer, start, end) => frames.push([kind, number, buffer.toString("utf8", start, end)]);
  const reader = new FrameReader(take, { reused: true });
  // One piece is read into the memory of the one before.
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) reader.push(buffer, bytes.copy(buffer, 0, at, at + size));
  return frames;
}

/** What an outbox writes; a socket takes `most` bytes at a time, `times` times. */
function written(outbox, most = Number.POSITIVE_INFINITY, times = Number.POSITIVE_INFINITY) {
  const pieces = [];
  try {
    outbox.pass((bytes, start, length) => {
      if (pieces.length >= times) throw new Error("full");
      const end = start + Math.min(length, most);
      pieces.push(Buffer.from(bytes.subarray(start, end)));
      return end - start;
    });
  } catch (error) {
    if (error.message !== "full") throw error;
  }
  return Buffer.concat(pieces);
}

test("frames come out whole, however the stream is cut", () => {
  const large = "x".repeat(1000);
  const outbox = new Outbox();
  outbox.begin(KIND.log, 7).text("é").end();
  outbox.begin(KIND.ping, 0).end();
  outbox.begin(KIND.answer, 0xffff_ffff).text(large).end();
  outbox.begin(KIND.pong, 0).end();
  const bytes = written(outbox);
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

test("where one is interrupted, what was read with it is taken with what comes next", () => {
  const outbox = new Outbox();
  const texts = ["one", "interrupted", "three", "x".repeat(500), "interrupted", "six"];
  for (const [index, text] of texts.entries()) outbox.begin(KIND.log, index).text(text).end();
  const bytes = written(outbox);
  for (const size of [7, 30, 60, 520, 560, bytes.length]) {
    const taken = [];
    const take = (_kind, number, buffer, start, end) => {
      taken.push(number);
      if (buffer.toString("utf8", start, end) === "interrupted") throw new Error("interrupted");
    };
    const reader = new FrameReader(take, { reused: true });
    const buffer = Buffer.alloc(size);
    const push = (length) => {
      try {
        reader.push(buffer, length);
      } catch {
        buffer.fill(0);
      }
    };
    for (let at = 0; at < bytes.length; at += size) push(bytes.copy(buffer, 0, at, at + size));
    push(0);
    push(0);
    assert.deepEqual(taken, [0, 1, 2, 3, 4, 5], `in pieces of ${size}`);
  }
});

test("what is large, and what the socket has no room for, stays in order", () => {
  const outbox = new Outbox();
  const texts = ["a".repeat(40_000), "é".repeat(16_000), "", "\ud800 alone", "€".repeat(64), "b".repeat(16_385)];
  const expected = [];
  for (const [index, text] of texts.entries()) {
    const more = Buffer.alloc(index * 9000, index);
    outbox.begin(KIND.log, index).u8(1).sizedText(text).put(more).end();
    const bytes = Buffer.from(text);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    expected.push(Buffer.concat([Buffer.of(1), size, bytes, more]).toString());
  }
  const first = written(outbox, 1000, 50);
  outbox.begin(KIND.pong, 9).end();
  const rest = written(outbox, 30_000);
  assert.equal(written(outbox).length, 0);
  assert.deepEqual(
    read(Buffer.concat([first, rest]), 4096).map(([, , text]) => text),
    [...expected, ""],
  );
  outbox.begin(KIND.ping, 0).end();
  assert.deepEqual(read(written(outbox), 9), [[KIND.ping, 0, ""]]);
});

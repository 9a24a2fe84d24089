import assert from "node:assert/strict";
import { FrameReader, KIND, Outbox } from "../frames.ts";

type Frame = [kind: number, number: number, text: string];

function read(bytes: Uint8Array, size: number): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((kind, number, content) => {
    frames.push([kind, number, new TextDecoder().decode(content)]);
    return false;
  });
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return frames;
}

Deno.test("frames come out whole, however the stream is cut", () => {
  const outbox = new Outbox();
  const large = "é€x".repeat(30_000);
  outbox.begin(KIND.log, 7).text("é").end();
  outbox.begin(KIND.ping, 0).end();
  outbox.begin(KIND.answer, 0xffff_ffff).text(large).end();
  outbox.begin(KIND.pong, 0).end();
  const bytes = outbox.take();
  const expected: Frame[] = [
    [KIND.log, 7, "é"],
    [KIND.ping, 0, ""],
    [KIND.answer, 0xffff_ffff, large],
    [KIND.pong, 0, ""],
  ];
  for (const size of [1, 2, 8, 9, 10, 11, 100, bytes.length]) {
    assert.deepEqual(read(bytes, size), expected, `in pieces of ${size}`);
  }
});

Deno.test("what was taken is not written to any more", () => {
  const outbox = new Outbox();
  outbox.begin(KIND.log, 1).text("first").end();
  const first = outbox.take();
  assert.ok(outbox.empty);
  outbox.begin(KIND.log, 2).text("other").end();
  assert.deepEqual(read(first, first.length), [[KIND.log, 1, "first"]]);
});

Deno.test("numbers are big-endian, and texts stand behind their length", () => {
  const outbox = new Outbox();
  outbox.begin(KIND.answer, 1).u16(0x0203).u8(4).sizedText("é").sizedText("").end();
  assert.deepEqual(
    [...outbox.take()],
    [0, 0, 0, 13, 18, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 0],
  );
});

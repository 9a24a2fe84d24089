// What this side says; ../../../FRAMES.md says what each kind carries.
import { HEAD } from "../function/frames.mjs";

export const FRAME_START = HEAD;

/** A buffer that begins with a frame's head and has room for `length` bytes, which start at FRAME_START. */
export function frame(kind, number, length) {
  const buffer = Buffer.allocUnsafe(HEAD + length);
  writeHead(buffer, kind, number, length);
  return buffer;
}

/** Writes the head of a frame whose `length` bytes may follow in other buffers. */
export function writeHead(buffer, kind, number, length) {
  buffer.writeUInt32BE(length, 0);
  buffer[4] = kind;
  buffer.writeUInt32BE(number, 5);
}

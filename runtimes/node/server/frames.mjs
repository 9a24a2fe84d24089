// The frames between the server and a function process; runtimes/FRAMES.md says what each kind carries.

export const KIND = {
  invoke: 1,
  cancel: 2,
  ping: 3,
  drain: 4,
  ready: 16,
  failed: 17,
  answer: 18,
  refuse: 19,
  log: 20,
  pong: 21,
  trace: 22,
};

const HEAD = 9;

/** A buffer that begins with a frame's head and has room for `length` bytes, which start at FRAME_START. */
export function frame(kind, number, length) {
  const buffer = Buffer.allocUnsafe(HEAD + length);
  writeHead(buffer, kind, number, length);
  return buffer;
}

export const FRAME_START = HEAD;

/** Writes the head of a frame whose `length` bytes may follow in other buffers. */
export function writeHead(buffer, kind, number, length) {
  buffer.writeUInt32BE(length, 0);
  buffer[4] = kind;
  buffer.writeUInt32BE(number, 5);
}

/** A frame that carries text. */
export function textFrame(kind, number, text) {
  const length = Buffer.byteLength(text);
  const buffer = frame(kind, number, length);
  buffer.utf8Write(text, HEAD, length);
  return buffer;
}

/**
 * Cuts a stream into frames. `take(kind, number, bytes)` gets each one; `bytes` may share memory with the chunk that was
 * read, and large frames are collected in a buffer of their own size, so that nothing is copied twice.
 */
export class FrameReader {
  #take;
  #rest = null;
  #large = null;
  #filled = 0;

  constructor(take) {
    this.#take = take;
  }

  push(chunk) {
    let at = 0;
    if (this.#large) {
      at = Math.min(chunk.length, this.#large.length - this.#filled);
      chunk.copy(this.#large, this.#filled, 0, at);
      this.#filled += at;
      if (this.#filled < this.#large.length) return;
      const whole = this.#large;
      this.#large = null;
      this.#emit(whole, 0, whole.length - HEAD);
    }
    if (this.#rest) {
      chunk = Buffer.concat([this.#rest, at ? chunk.subarray(at) : chunk]);
      this.#rest = null;
      at = 0;
    }
    while (chunk.length - at >= HEAD) {
      const length = chunk.readUInt32BE(at);
      if (chunk.length - at - HEAD < length) {
        this.#large = Buffer.allocUnsafeSlow(HEAD + length);
        this.#filled = chunk.copy(this.#large, 0, at);
        return;
      }
      this.#emit(chunk, at, length);
      at += HEAD + length;
    }
    if (at < chunk.length) this.#rest = chunk.subarray(at);
  }

  #emit(buffer, at, length) {
    this.#take(buffer[at + 4], buffer.readUInt32BE(at + 5), buffer.subarray(at + HEAD, at + HEAD + length));
  }
}

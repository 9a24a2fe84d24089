// The frames between the server and this process; runtimes/FRAMES.md says what each kind carries.

export const KIND = {
  invoke: 1,
  cancel: 2,
  ping: 3,
  ready: 16,
  failed: 17,
  answer: 18,
  refuse: 19,
  log: 20,
  pong: 21,
  trace: 22,
} as const;

/** The number of a ping that asks for a sign of life, and is not a mark. */
export const LIFE = 0;

/** The number of the frame with which a process says that it is ready, where it takes marks. */
export const TAKES_MARKS = 1;

/** So many frames are worth a write: more save little, and keep the other side waiting. */
export const BATCH = 8;

const HEAD = 9;
const ROOM = 16_384;
/** A text that is longer is measured before it is written. */
const LONG_TEXT = 21_845;
/** Up to so many characters it costs more to call the encoder than to look at each of them. */
const SHORT_TEXT = 64;

const encoder = new TextEncoder();
// Taken hold of before a function can replace them.
const { encode, encodeInto } = TextEncoder.prototype;

const double = new DataView(new ArrayBuffer(8));
const doubleBytes = new Uint8Array(double.buffer);

export function readF64(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index += 1) doubleBytes[index] = bytes[at + index];
  return double.getFloat64(0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * Frames on their way out, one behind the other in one buffer: what was said during a turn of the event loop is one write.
 * A frame is begun, filled with the methods that append, and ended.
 */
export class Outbox {
  #bytes = new Uint8Array(ROOM);
  #end = 0;
  #frame = 0;

  get empty(): boolean {
    return this.#end === 0;
  }

  get size(): number {
    return this.#end;
  }

  begin(kind: number, number: number): this {
    this.#reserve(HEAD);
    this.#frame = this.#end;
    this.#bytes[this.#end + 4] = kind;
    writeU32(this.#bytes, this.#end + 5, number);
    this.#end += HEAD;
    return this;
  }

  end(): void {
    writeU32(this.#bytes, this.#frame, this.#end - this.#frame - HEAD);
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
    return this;
  }

  text(value: string): this {
    if (value.length > LONG_TEXT) return this.bytes(encode.call(encoder, value));
    // No UTF-16 unit is more than three bytes of UTF-8.
    this.#reserve(value.length * 3);
    if (value.length > SHORT_TEXT || !this.#ascii(value)) {
      this.#end += encodeInto.call(encoder, value, this.#bytes.subarray(this.#end)).written;
    }
    return this;
  }

  /** Appends a text, for which there is room, if it is ASCII. */
  #ascii(value: string): boolean {
    let at = this.#end;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#bytes[at++] = code;
    }
    this.#end = at;
    return true;
  }

  /** A text behind its length. */
  sizedText(value: string): this {
    this.#reserve(4);
    this.#end += 4;
    const start = this.#end;
    if (value !== "") this.text(value);
    writeU32(this.#bytes, start - 4, this.#end - start);
    return this;
  }

  /** Takes everything out, as a buffer that nothing will write to any more. */
  take(): Uint8Array {
    const end = this.#end;
    this.#end = 0;
    if (this.#bytes.length === ROOM) return this.#bytes.slice(0, end);
    const bytes = this.#bytes.subarray(0, end);
    this.#bytes = new Uint8Array(ROOM);
    return bytes;
  }

  #reserve(length: number): void {
    const needed = this.#end + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

/** Whether the frames behind this one are to wait. */
type TakeFrame = (kind: number, number: number, bytes: Uint8Array) => boolean;

/**
 * Cuts a stream into frames. The bytes of a frame may share memory with the chunk that was read; a large frame is
 * collected in a buffer of its own size, so that nothing is copied twice.
 */
export class FrameReader {
  #take: TakeFrame;
  #rest: Uint8Array | null = null;
  #large: Uint8Array | null = null;
  #filled = 0;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Takes frames until one has the others wait; what is left is to be pushed then. */
  push(chunk: Uint8Array): Uint8Array | null {
    let at = 0;
    if (this.#large !== null) {
      at = Math.min(chunk.length, this.#large.length - this.#filled);
      this.#large.set(chunk.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < this.#large.length) return null;
      const whole = this.#large;
      this.#large = null;
      if (this.#emit(whole, 0, whole.length - HEAD)) return after(chunk, at);
    }
    if (this.#rest !== null) {
      chunk = joined(this.#rest, chunk.subarray(at));
      this.#rest = null;
      at = 0;
    }
    while (chunk.length - at >= HEAD) {
      const length = readU32(chunk, at);
      if (chunk.length - at - HEAD < length) {
        this.#large = new Uint8Array(HEAD + length);
        this.#filled = chunk.length - at;
        this.#large.set(chunk.subarray(at));
        return null;
      }
      const wait = this.#emit(chunk, at, length);
      at += HEAD + length;
      if (wait) return after(chunk, at);
    }
    if (at < chunk.length) this.#rest = chunk.slice(at);
    return null;
  }

  #emit(bytes: Uint8Array, at: number, length: number): boolean {
    return this.#take(bytes[at + 4], readU32(bytes, at + 5), bytes.subarray(at + HEAD, at + HEAD + length));
  }
}

function after(chunk: Uint8Array, at: number): Uint8Array | null {
  return at < chunk.length ? chunk.subarray(at) : null;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

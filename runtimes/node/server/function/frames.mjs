// The frames between the server and the function's process; runtimes/FRAMES.md says what each kind carries.

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
};

/** The number of a ping that asks for a sign of life, and is not a mark. */
export const LIFE = 0;

/** The number of the frame with which a process says that it is ready, where it takes marks. */
export const TAKES_MARKS = 1;

/** So many frames are worth a write: more save little, and keep the other side waiting. */
export const BATCH = 8;

/** So much is read at once; a frame that is larger is collected in memory of its own. */
export const READ_BYTES = 65_536;

/** Length, kind and number. */
export const HEAD = 9;
const ROOM = 65_536;
/** What is larger is not copied to where the rest is. */
const LARGE = 16_384;
/** Up to so many characters it costs more to call the encoder than to look at each of them. */
const SHORT_TEXT = 64;

const { allocUnsafeSlow } = Buffer;

/**
 * Frames on their way out, one behind the other in one buffer: what was said during a turn of the event loop is one write.
 * A frame is begun, filled with the methods that append, and ended.
 */
export class Outbox {
  /** What goes before the buffer, and how much of its first piece has gone. */
  #pieces = [];
  #gone = 0;
  #bytes = allocUnsafeSlow(ROOM);
  #start = 0;
  #end = 0;
  /** What was ever put before the first byte of the buffer. */
  #before = 0;
  /** The buffer in which a frame was begun, where in it, and what had ever been put when its head had. */
  #head = this.#bytes;
  #headStart = 0;
  #headEnd = 0;

  /** Has `write(bytes, start, length)` take everything: it says how much it took, or throws. */
  pass(write) {
    while (this.#pieces.length > 0) {
      const piece = this.#pieces[0];
      this.#gone += write(piece, this.#gone, piece.length - this.#gone);
      if (this.#gone < piece.length) continue;
      this.#pieces.shift();
      this.#gone = 0;
    }
    while (this.#start < this.#end) this.#start += write(this.#bytes, this.#start, this.#end - this.#start);
    this.#before += this.#end;
    this.#start = 0;
    this.#end = 0;
  }

  begin(kind, number) {
    this.#reserve(HEAD);
    this.#head = this.#bytes;
    this.#headStart = this.#end;
    this.#bytes[this.#end + 4] = kind;
    writeU32(this.#bytes, this.#end + 5, number);
    this.#end += HEAD;
    this.#headEnd = this.#before + this.#end;
    return this;
  }

  end() {
    writeU32(this.#head, this.#headStart, this.#before + this.#end - this.#headEnd);
  }

  u8(value) {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
    return this;
  }

  u16(value) {
    return this.u8(value >>> 8).u8(value);
  }

  /** Appends bytes, which stay as they are from now on. */
  put(bytes) {
    if (bytes.length > LARGE) return this.#piece(bytes);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    return this;
  }

  text(value) {
    if (value.length > LARGE) return this.#piece(Buffer.from(value));
    // No UTF-16 unit is more than three bytes of UTF-8.
    this.#reserve(value.length * 3);
    if (value.length > SHORT_TEXT || !this.#ascii(value)) this.#end += this.#bytes.utf8Write(value, this.#end);
    return this;
  }

  /** A text behind its length. */
  sizedText(value) {
    this.#reserve(4);
    const [bytes, at] = [this.#bytes, this.#end];
    this.#end += 4;
    const start = this.#before + this.#end;
    if (value !== "") this.text(value);
    writeU32(bytes, at, this.#before + this.#end - start);
    return this;
  }

  /** Appends a text, for which there is room, if it is ASCII. */
  #ascii(value) {
    let at = this.#end;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#bytes[at++] = code;
    }
    this.#end = at;
    return true;
  }

  #piece(bytes) {
    if (this.#end > 0) this.#close();
    this.#pieces.push(bytes);
    this.#before += bytes.length;
    return this;
  }

  #reserve(length) {
    if (this.#end + length > ROOM) this.#close();
  }

  #close() {
    this.#pieces.push(this.#bytes.subarray(this.#start, this.#end));
    this.#before += this.#end;
    this.#bytes = allocUnsafeSlow(ROOM);
    this.#start = 0;
    this.#end = 0;
  }
}

/**
 * Cuts a stream into frames: `take(kind, number, buffer, start, end)` gets each one. The buffer may be the one that was read
 * into; a large frame is collected in one of its own size, so that nothing is copied twice.
 *
 * Where `take` never comes back, since it was interrupted, the next push goes on behind that frame.
 */
export class FrameReader {
  #take;
  /** Where what is behind a frame is kept while that is taken; null where the buffers themselves stay as they are. */
  #room;
  #rest = null;
  #large = null;
  #filled = 0;
  /** What is behind the frame that is being taken, or null, and where that begins and ends. */
  #behind = null;
  #start = 0;
  #end = 0;

  /** Buffers that are `reused` are written over after each push. */
  constructor(take, { reused = false } = {}) {
    this.#take = take;
    this.#room = reused ? allocUnsafeSlow(READ_BYTES) : null;
  }

  /** Takes the first `length` bytes of a buffer. */
  push(buffer, length = buffer.length) {
    let at = 0;
    let kept = this.#room === null;
    if (this.#behind !== null) {
      buffer = Buffer.concat([this.#behind.subarray(this.#start, this.#end), buffer.subarray(0, length)]);
      length = buffer.length;
      kept = true;
      this.#behind = null;
    }
    if (this.#large !== null) {
      at = Math.min(length, this.#large.length - this.#filled);
      buffer.copy(this.#large, this.#filled, 0, at);
      this.#filled += at;
      if (this.#filled < this.#large.length) return;
      const whole = this.#large;
      this.#large = null;
      if (at < length) {
        buffer = kept ? buffer : this.#keep(buffer, at, length);
        kept = true;
      }
      this.#emit(whole, 0, whole.length, buffer, at, length);
    }
    if (this.#rest !== null) {
      buffer = Buffer.concat([this.#rest, buffer.subarray(at, length)]);
      this.#rest = null;
      length = buffer.length;
      at = 0;
      kept = true;
    }
    while (length - at >= HEAD) {
      const end = at + HEAD + buffer.readUInt32BE(at);
      if (end > length) {
        this.#large = allocUnsafeSlow(end - at);
        this.#filled = buffer.copy(this.#large, 0, at, length);
        return;
      }
      const behind = kept || end === length ? buffer : this.#keep(buffer, end, length);
      this.#emit(buffer, at, end, behind, end, length);
      buffer = behind;
      kept = true;
      at = end;
    }
    if (at < length) this.#rest = Buffer.from(buffer.subarray(at, length));
  }

  #keep(buffer, start, end) {
    buffer.copy(this.#room, start, start, end);
    return this.#room;
  }

  #emit(buffer, at, end, behind, behindStart, behindEnd) {
    this.#behind = behind;
    this.#start = behindStart;
    this.#end = behindEnd;
    this.#take(buffer[at + 4], buffer.readUInt32BE(at + 5), buffer, at + HEAD, end);
    this.#behind = null;
  }
}

function writeU32(bytes, at, value) {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

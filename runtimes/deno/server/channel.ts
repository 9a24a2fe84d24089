// This process's end of the socket. What it needs is taken hold of here, before the function's code runs and may
// replace it. Deno's own sockets serve: loading Node's takes longer than all else at the start.
import { FrameReader, KIND, Outbox } from "./frames.ts";

const READ_BYTES = 65_536;
// A write of up to this size goes through whole or not at all, as the kernel keeps it in one piece.
const WHOLE_BYTES = 16_384;
// In one turn of the event loop Deno passes on no more than 128 writes, and the socket holds no more bytes than some 200,000.
// What goes beyond that is kept here: there it would take many times the memory, and be lost where the process ends.
const MOST_WRITES = 120;
const MOST_BYTES = 131_072;
// From so many writes on, lines of the log share one.
const LINE_WRITES = 96;
const LINE_BYTES = 4_096;

const exit = Deno.exit;
const later = setImmediate;
const streams = [Deno.stdout, Deno.stderr].map((stream) => stream.writeSync.bind(stream));

/** Frames are begun and ended here, then sent. */
export const outbox = new Outbox();

let read: (bytes: Uint8Array) => Promise<number | null>;
let write: (bytes: Uint8Array) => Promise<number>;
let scheduled = false;
/** Something large is on its way in pieces: nothing may come between them. */
let occupied = false;
/** What was written last is with the system then. */
let written = Promise.resolve();
/** Writes that are not known to be with the system, and what waits for them. */
let writes = 0;
let bytesWritten = 0;
let held = false;

export async function connect(path: string): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path });
  read = connection.read.bind(connection);
  write = connection.write.bind(connection);
}

/** Sends with the other frames of this turn of the event loop. */
export function sendSoon(): void {
  if (scheduled) return;
  scheduled = true;
  later(() => {
    scheduled = false;
    sendNow();
  });
}

/** Sends at once, with what was to be sent before it: the function may never yield again. */
export function sendNow(): void {
  if (outbox.empty || occupied) return;
  if (writes >= MOST_WRITES || bytesWritten >= MOST_BYTES) {
    held = true;
    return;
  }
  const bytes = outbox.take();
  written = bytes.length <= WHOLE_BYTES ? sendWhole(bytes) : sendPieces(bytes);
}

/** The same for a line of the log. */
export function sendLine(): void {
  if (writes < LINE_WRITES || outbox.size >= LINE_BYTES) sendNow();
  else sendSoon();
}

/** What has not been sent when the process ends: lines of the log, in the one way that waits until they are taken. */
export function printRest(): void {
  const lineBreak = new Uint8Array([10]);
  const print = (kind: number, _number: number, bytes: Uint8Array) => {
    if (kind === KIND.log) [bytes.subarray(1), lineBreak].forEach((part) => writeAll(bytes[0], part));
    return false;
  };
  new FrameReader(print).push(outbox.take());
}

function writeAll(stream: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += streams[stream](bytes.subarray(at));
}

/** Sends everything, and comes back when the system has it. */
export async function sendAll(): Promise<void> {
  sendNow();
  for (let last = null; last !== written;) {
    last = written;
    await last;
  }
}

/** The system call happens before this returns; a second one need not wait for the first one's promise. */
async function sendWhole(bytes: Uint8Array): Promise<void> {
  writes += 1;
  bytesWritten += bytes.length;
  const written = await write(bytes).catch(() => exit(0));
  if (written !== bytes.length) exit(1);
  writes -= 1;
  bytesWritten -= bytes.length;
  if (held) {
    held = false;
    sendNow();
  }
}

async function sendPieces(bytes: Uint8Array): Promise<void> {
  occupied = true;
  for (let at = 0; at < bytes.length;) at += await write(bytes.subarray(at)).catch(() => exit(0));
  occupied = false;
  sendNow();
}

/** Calls `take` with what the server sends, whose bytes are valid until it is done, and comes back when it is gone. */
export async function receive(take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const bytes = new Uint8Array(READ_BYTES);
  for (;;) {
    const length = await read(bytes).catch(() => null);
    if (length === null) return;
    await take(bytes.subarray(0, length));
  }
}

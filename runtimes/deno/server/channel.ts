// This process's end of the socket. What it needs is taken hold of here, before the function's code runs and may
// replace it. Deno's own sockets serve: loading Node's takes longer than all else at the start.
import { Outbox } from "./frames.ts";

const READ_BYTES = 65_536;
// A write of up to this size goes through whole or not at all, as the kernel keeps it in one piece.
const WHOLE_BYTES = 16_384;

const exit = Deno.exit;
const later = setImmediate;

/** Frames are begun and ended here, then sent. */
export const outbox = new Outbox();

let read: (bytes: Uint8Array) => Promise<number | null>;
let write: (bytes: Uint8Array) => Promise<number>;
let scheduled = false;
/** Something large is on its way in pieces: nothing may come between them. */
let occupied = false;
/** What was written last is with the system then. */
let written = Promise.resolve();

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
  const bytes = outbox.take();
  written = bytes.length <= WHOLE_BYTES ? sendWhole(bytes) : sendPieces(bytes);
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
  const written = await write(bytes).catch(() => exit(0));
  if (written !== bytes.length) exit(1);
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

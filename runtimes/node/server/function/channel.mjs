// This process's end of the socket. What it needs is taken hold of here, before the function's code runs and may replace it.
import fs from "node:fs";
import { Socket } from "node:net";
import { Outbox, READ_BYTES } from "./frames.mjs";

// Invocations come in here.
const INCOMING = 3;
const RETRY_MS = 1;

const { writeSync } = fs;
const { wait } = Atomics;
const exit = process.exit.bind(process);
const later = setTimeout;
const soon = setImmediate;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Frames are begun and ended here, then sent. */
export const outbox = new Outbox();

let outgoing = INCOMING;
let scheduled = false;
/** The socket was full when it was last written to, and a timer is going to try again. */
let full = false;
let timed = false;

/** Says which descriptor is written to, where that is not the one that is read from. */
export function writeTo(descriptor) {
  outgoing = descriptor;
}

/** Sends with the other frames of this turn of the event loop. */
export function sendSoon() {
  if (scheduled) return;
  scheduled = true;
  soon(sendScheduled);
}

function sendScheduled() {
  scheduled = false;
  sendNow();
}

/** Sends at once what the socket has room for, with what was to be sent before it. */
export function sendNow() {
  if (!full) write();
}

/**
 * Comes back when the socket has everything. So is a line of the log sent: the function may never yield again, or end its
 * process. One that prints faster than the server reads waits for it.
 */
export function sendAll() {
  write();
  while (full) {
    wait(sleeper, 0, 0, RETRY_MS);
    write();
  }
}

/** Writes what the socket takes; comes back for the rest. */
function write() {
  try {
    outbox.pass(writePart);
    full = false;
  } catch (error) {
    // Nobody is there any more.
    if (error.code !== "EAGAIN") exit(0);
    full = true;
    if (!timed) later(retry, RETRY_MS);
    timed = true;
  }
}

function writePart(bytes, start, length) {
  return writeSync(outgoing, bytes, start, length);
}

function retry() {
  timed = false;
  write();
}

/** Calls `take` with what the server sends, whose bytes are valid until it returns, and `ended` when the server is gone. */
export function receive(take, ended) {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length) => take(buffer, length);
  const socket = new Socket({ fd: INCOMING, onread: { buffer, callback }, readable: true, writable: false });
  pin(socket);
  socket.on("end", ended);
  socket.on("close", ended);
  socket.on("error", ended);
}

/** Gives an object its own copies of its methods: replacing them on the prototype changes it no more. */
function pin(object) {
  for (let level = Object.getPrototypeOf(object); level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && name !== "constructor" && !Object.hasOwn(object, name)) {
        Object.defineProperty(object, name, { configurable: true, value, writable: true });
      }
    }
  }
}

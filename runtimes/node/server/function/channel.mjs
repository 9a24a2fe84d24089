// This process's end of the socket. What it needs is taken hold of here, before the function's code runs and may replace it.
import fs from "node:fs";
import { Socket } from "node:net";
import { Outbox, READ_BYTES } from "./frames.mjs";

// Invocations come in here.
const INCOMING = 3;
// Whoever logs waits while the server is so far behind in reading.
const HIGH_WATER_BYTES = 1_048_576;
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
/** The socket was full, and a timer tries again. */
let waiting = false;

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

/** Sends at once, with what was to be sent before it: the function may never yield again. */
export function sendNow() {
  if (!waiting) write();
}

/** The same for a line of the log. A function may print on and on, faster than anybody reads: then it waits. */
export function sendLine() {
  sendAllBut(HIGH_WATER_BYTES);
}

/** Comes back when the socket has everything. */
export function sendAll() {
  sendAllBut(0);
}

function sendAllBut(bytes) {
  sendNow();
  while (waiting && outbox.size > bytes) {
    wait(sleeper, 0, 0, RETRY_MS);
    write();
  }
}

/** Writes what the socket takes; comes back for the rest. */
function write() {
  try {
    outbox.pass(writePart);
  } catch (error) {
    // Nobody is there any more.
    if (error.code !== "EAGAIN") exit(0);
    if (!waiting) later(retry, RETRY_MS);
    waiting = true;
  }
}

function writePart(bytes, start, length) {
  return writeSync(outgoing, bytes, start, length);
}

function retry() {
  waiting = false;
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

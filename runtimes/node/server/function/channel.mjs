// The function process's end of the sockets. What it needs is taken hold of here, before the function's code runs and may
// replace it.
import fs from "node:fs";
import { Socket } from "node:net";

const DESCRIPTOR = { from: 3, to: 4 };
// The function waits while the server is so far behind in reading.
const HIGH_WATER_BYTES = 1_048_576;
const RETRY_MS = 1;

const { writeSync } = fs;
const { concat } = Buffer;
const { wait } = Atomics;
const later = setTimeout;
const soon = setImmediate;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

let queue = [];
let queued = 0;
let scheduled = false;
let waiting = false;

/** Queues a frame to go out with the others of this turn of the event loop. */
export function send(bytes) {
  queue.push(bytes);
  queued += bytes.length;
  if (scheduled) return;
  scheduled = true;
  soon(flushScheduled);
}

/** Sends a frame, and what is queued before it, at once: the function may never yield again. */
export function sendNow(bytes) {
  queue.push(bytes);
  queued += bytes.length;
  flush();
  while (queued > HIGH_WATER_BYTES) {
    wait(sleeper, 0, 0, RETRY_MS);
    write();
  }
}

/** Calls `done` when everything queued is out. */
export function afterSending(done) {
  if (queued === 0) done();
  else later(afterSending, RETRY_MS, done);
}

function flushScheduled() {
  scheduled = false;
  flush();
}

function flush() {
  if (!waiting) write();
}

/** Writes what the socket takes; comes back for the rest. */
function write() {
  while (queued > 0) {
    const bytes = queue.length === 1 ? queue[0] : join();
    let written;
    try {
      written = writeSync(DESCRIPTOR.to, bytes);
    } catch (error) {
      if (error.code !== "EAGAIN") process.exit(1);
      written = 0;
    }
    queued -= written;
    if (written === bytes.length) {
      queue.shift();
    } else {
      if (written > 0) queue[0] = bytes.subarray(written);
      if (!waiting) {
        waiting = true;
        later(retry, RETRY_MS);
      }
      return;
    }
  }
}

function retry() {
  waiting = false;
  write();
}

/** Makes one buffer of the small frames at the head of the queue. */
function join() {
  let count = 0;
  let length = 0;
  while (count < queue.length && (count === 0 || length + queue[count].length <= 65_536)) {
    length += queue[count].length;
    count += 1;
  }
  if (count === 1) return queue[0];
  const bytes = concat(queue.slice(0, count), length);
  queue = [bytes, ...queue.slice(count)];
  return bytes;
}

// It is written to past this object, whose making has it never block.
const outlet = new Socket({ fd: DESCRIPTOR.to, readable: false, writable: true });
outlet.unref();

/** Calls `take` with each chunk that the server sends, and `ended` when the server is gone. */
export function receive(take, ended) {
  const socket = new Socket({ fd: DESCRIPTOR.from, readable: true, writable: false });
  pin(socket);
  socket.on("data", take);
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

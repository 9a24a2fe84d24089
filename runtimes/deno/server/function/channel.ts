// The function process's end of the socket. What it needs is taken hold of here, before the function's code runs and may
// replace it.
import { Socket } from "node:net";
import { Outbox } from "../frames.ts";

const DESCRIPTOR = 3;

const later = setImmediate;
const socket = pinned(new Socket({ fd: DESCRIPTOR, readable: true, writable: true }));
let scheduled = false;

/** Frames are begun and ended here, then sent. */
export const outbox = new Outbox();

/** Sends with the other frames of this turn of the event loop. */
export function sendSoon(): void {
  if (scheduled) return;
  scheduled = true;
  later(sendScheduled);
}

/** Sends at once, with what was to be sent before it: the function may never yield again. */
export function sendNow(): void {
  if (!outbox.empty) socket.write(outbox.take());
}

function sendScheduled(): void {
  scheduled = false;
  sendNow();
}

/** Calls `done` when everything is out. */
export function afterSending(done: () => void): void {
  sendNow();
  socket.write("", done);
}

/** Calls `take` with each chunk that the server sends, and `ended` when the server is gone. */
export function receive(take: (chunk: Uint8Array) => void, ended: () => void): void {
  socket.on("data", take);
  socket.on("close", ended);
  socket.on("error", ended);
}

/** Gives an object its own copies of its methods: replacing them on the prototype changes it no more. */
function pinned<T extends object>(object: T): T {
  for (let level = Object.getPrototypeOf(object); level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && name !== "constructor" && !Object.hasOwn(object, name)) {
        Object.defineProperty(object, name, { configurable: true, value, writable: true });
      }
    }
  }
  return object;
}

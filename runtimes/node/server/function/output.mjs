// What the function prints natively becomes log lines of the invocation that printed it.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { StringDecoder } from "node:string_decoder";

const LONGEST_LINE = 1_048_576;

/**
 * Puts `speak(level, line)` in the place of the process's output. It is called in the context of whoever printed.
 *
 * @param {() => object} current the place where this context's unfinished lines are kept
 * @param {(level: 0 | 1, line: string) => void} speak
 */
export function captureOutput(current, speak) {
  const print = (level, chunk, encoding) => cutLines(current(), level, asBytesOrText(chunk, encoding), speak);

  for (const [stream, level] of [
    [process.stdout, 0],
    [process.stderr, 1],
  ]) {
    stream.write = (chunk, encoding, done) => {
      print(level, chunk, typeof encoding === "string" ? encoding : undefined);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") process.nextTick(callback);
      return true;
    };
  }

  // Loggers write to descriptors 1 and 2 themselves.
  const { write, writeSync } = fs;
  fs.writeSync = (descriptor, data, ...rest) => {
    if (descriptor !== 1 && descriptor !== 2) return writeSync(descriptor, data, ...rest);
    const chunk = part(data, rest);
    print(descriptor - 1, chunk);
    return Buffer.byteLength(chunk);
  };
  fs.write = (descriptor, data, ...rest) => {
    if (descriptor !== 1 && descriptor !== 2) return write(descriptor, data, ...rest);
    const chunk = part(data, rest);
    print(descriptor - 1, chunk);
    const done = rest.at(-1);
    process.nextTick(done, null, Buffer.byteLength(chunk), data);
  };
  syncBuiltinESMExports();
}

/** Speaks what was printed without a line break at its end. */
export function finishLines(place, speak) {
  for (const level of [0, 1]) {
    const state = place[level];
    if (!state) continue;
    const rest = state.rest + state.decoder.end();
    state.rest = "";
    if (rest !== "") speak(level, rest);
  }
}

function cutLines(place, level, chunk, speak) {
  place[level] ??= { decoder: new StringDecoder("utf8"), rest: "" };
  const state = place[level];
  const text = state.rest + (typeof chunk === "string" ? chunk : state.decoder.write(chunk));
  const lines = text.split("\n");
  state.rest = lines.pop();
  for (const line of lines) speak(level, line);
  while (state.rest.length >= LONGEST_LINE) {
    speak(level, state.rest.slice(0, LONGEST_LINE));
    state.rest = state.rest.slice(LONGEST_LINE);
  }
}

function asBytesOrText(chunk, encoding) {
  if (typeof chunk !== "string" || encoding === undefined || /^utf-?8$/i.test(encoding)) return chunk;
  return Buffer.from(chunk, encoding);
}

/** The bytes that fs.write and fs.writeSync are asked to write: (buffer, offset, length) or a string. */
function part(data, [offset, length]) {
  if (typeof data === "string") return data;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const start = typeof offset === "number" ? offset : (offset?.offset ?? 0);
  const count = typeof length === "number" ? length : (offset?.length ?? bytes.length - start);
  return bytes.subarray(start, start + count);
}

// What the function prints natively becomes log lines of the invocation that printed it.
import { Console } from "node:console";
import { LineCutter } from "../logs.ts";

/** Info or error, as log frames say it. */
export type Level = 0 | 1;

/** The unfinished lines of one invocation, by level. */
export type Unfinished = [LineCutter | null, LineCutter | null];

const encoder = new TextEncoder();
const { encode } = TextEncoder.prototype;

/**
 * Puts `speak` in the place of the process's output: of the console, of Deno's streams and, as they are written through
 * those, of Node's. Both functions are called in the context of whoever printed.
 */
export function captureOutput(current: () => Unfinished, speak: (level: Level, line: string) => void): void {
  const print = (level: Level, bytes: Uint8Array) => {
    const unfinished = current();
    unfinished[level] ??= new LineCutter((line) => speak(level, line));
    unfinished[level].push(bytes);
    return bytes.length;
  };
  for (const [stream, level] of [[Deno.stdout, 0], [Deno.stderr, 1]] as const) {
    stream.writeSync = (bytes) => print(level, bytes);
    stream.write = (bytes) => Promise.resolve(print(level, bytes));
    const writable = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (bytes) => void print(level, bytes) });
    Object.defineProperty(stream, "writable", { configurable: true, value: writable });
  }
  const sink = (level: Level) => ({
    write: (text: string) => print(level, encode.call(encoder, text)) > 0,
    on() {},
    once() {},
    removeListener() {},
  });
  // As deep as Deno's own console looks into objects.
  const streams = { stdout: sink(0), stderr: sink(1), inspectOptions: { depth: 4 }, ignoreErrors: false };
  const captured = new Console(streams as unknown as ConstructorParameters<typeof Console>[0]);
  for (const name of Object.keys(captured) as (keyof Console)[]) {
    if (typeof captured[name] === "function" && name in console) Object.assign(console, { [name]: captured[name] });
  }
}

/** Speaks what was printed without a line break at its end. */
export function finishLines(unfinished: Unfinished): void {
  unfinished[0]?.end();
  unfinished[1]?.end();
}

// What the function prints natively becomes log lines of the invocation that printed it.
import { LineCutter } from "./lines.ts";

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
  // Node's console writes where it is told to, and takes a while to load: it comes when something is printed.
  let captured: Console | null = null;
  for (const name of METHODS) {
    console[name] = (...given: unknown[]) => {
      captured ??= consoleOn(print);
      (captured[name] as (...given: unknown[]) => void)(...given);
    };
  }
}

const METHODS = [
  ...["assert", "clear", "count", "countReset", "debug", "dir", "dirxml", "error", "group", "groupCollapsed"] as const,
  ...["groupEnd", "info", "log", "table", "time", "timeEnd", "timeLog", "trace", "warn"] as const,
];

function consoleOn(print: (level: Level, bytes: Uint8Array) => number): Console {
  const sink = (level: Level) => ({ write: (text: string) => print(level, encode.call(encoder, text)) > 0 });
  const { Console } = process.getBuiltinModule("node:console");
  // As deep as Deno's own console looks into objects. Errors would be ignored by listening to streams, which these are not.
  const options = { stdout: sink(0), stderr: sink(1), inspectOptions: { depth: 4 }, ignoreErrors: false };
  return new Console(options as unknown as ConstructorParameters<typeof Console>[0]);
}

/** Speaks what was printed without a line break at its end. */
export function finishLines(unfinished: Unfinished): void {
  unfinished[0]?.end();
  unfinished[1]?.end();
}

// Log lines on standard output.
import { LIMIT } from "./contract.ts";

export type Level = "info" | "error";

export interface LogLine {
  readonly time: string;
  readonly level: Level;
  readonly message: string;
}

// A reader of the log that is slower than the function must not block the server or take its memory.
const BACKLOG = 64 * 1024 * 1024;

const encoder = new TextEncoder();
let waiting: string[] = [];
let backlog = 0;
let dropped = 0;
let writing: Promise<void> | null = null;

/** Writes one line. Returns the time that the line carries. */
export function writeLine(
  level: Level,
  invocation: string | null,
  message: string,
  trace: string | null = null,
): string {
  const time = new Date().toISOString();
  if (backlog > BACKLOG) {
    dropped += 1;
    return time;
  }
  if (dropped > 0) {
    const count = dropped;
    dropped = 0;
    writeLine("error", null, `${count} log lines were dropped: whoever reads the log is too slow`);
  }
  const line = trace ? { time, level, invocation, message, trace_id: trace } : { time, level, invocation, message };
  const text = `${JSON.stringify(line)}\n`;
  waiting.push(text);
  backlog += text.length;
  writing ??= writeAll();
  return time;
}

/** Resolves when everything written so far is out, or when nobody reads it. */
export async function flushLog(waitMs: number): Promise<void> {
  await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, waitMs))]);
}

async function writeAll(): Promise<void> {
  // Lines of the same turn go out together.
  await null;
  while (waiting.length > 0) {
    const text = waiting.join("");
    waiting = [];
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    } catch {
      // Nobody reads the log any more: serving goes on.
    }
    backlog -= text.length;
  }
  writing = null;
}

/** Cuts raw output into lines, without their line breaks; invalid UTF-8 is replaced. */
export class LineCutter {
  #decoder = new TextDecoder();
  #rest = "";
  #emit: (line: string) => void;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#emit(line);
    while (this.#rest.length >= LIMIT.logMessageBytes) {
      this.#emit(this.#rest.slice(0, LIMIT.logMessageBytes));
      this.#rest = this.#rest.slice(LIMIT.logMessageBytes);
    }
  }

  /** What is left without a line break at its end. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (rest !== "") this.#emit(rest);
  }
}

/** The lines of one invocation for its result envelope: the newest that fit. */
export class ResultLog {
  #lines: LogLine[] = [];
  #sizes: number[] = [];
  #bytes = 0;
  #first = 0;
  truncated = false;

  add(time: string, level: Level, message: string): void {
    const size = encoder.encode(message).length;
    this.#lines.push({ time, level, message });
    this.#sizes.push(size);
    this.#bytes += size;
    while (this.#bytes > LIMIT.resultLogBytes && this.#first < this.#lines.length) {
      this.#bytes -= this.#sizes[this.#first];
      this.#first += 1;
      this.truncated = true;
    }
    // What is out of the cap goes in batches: taking out one by one would cost the square of their count.
    if (this.#first > 1024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.lines;
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
  }

  get lines(): LogLine[] {
    return this.#lines.slice(this.#first);
  }
}

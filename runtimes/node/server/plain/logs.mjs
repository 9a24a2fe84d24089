// Log lines on standard output.
import { StringDecoder } from "node:string_decoder";
import { LIMIT } from "./contract.mjs";

// A reader of the log that is slower than the function must not block the server or take its memory.
const BACKLOG_BYTES = 64 * 1024 * 1024;

let dropped = 0;

/** Writes one line. `invocation` and `trace` may be null. Returns the time that the line carries. */
export function writeLine(level, invocation, message, trace = null) {
  const time = new Date().toISOString();
  if (process.stdout.writableLength > BACKLOG_BYTES) {
    dropped += 1;
    return time;
  }
  if (dropped > 0) {
    const count = dropped;
    dropped = 0;
    writeLine("error", null, `${count} log lines were dropped: whoever reads the log is too slow`);
  }
  const line = trace ? { time, level, invocation, message, trace_id: trace } : { time, level, invocation, message };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return time;
}

/** Resolves when everything written so far is out, or when nobody reads it. */
export function flushLog(waitMs) {
  return new Promise((resolve) => {
    setTimeout(resolve, waitMs).unref();
    process.stdout.write("", () => resolve());
  });
}

/** Nobody reads the log any more: serving goes on. */
export function surviveLostReader() {
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}

/** Cuts the raw output of a function process into lines; `emit(line)` gets each without its line break. */
export function cutLines(stream, emit) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop();
    for (const line of lines) emit(line);
    while (rest.length >= LIMIT.logMessageBytes) {
      emit(rest.slice(0, LIMIT.logMessageBytes));
      rest = rest.slice(LIMIT.logMessageBytes);
    }
  });
  stream.on("close", () => {
    rest += decoder.end();
    if (rest !== "") emit(rest);
  });
  stream.on("error", () => {});
}

/** The lines of one invocation for its result envelope: the newest that fit. */
export class ResultLog {
  #lines = [];
  #sizes = [];
  #first = 0;
  #bytes = 0;
  truncated = false;

  add(time, level, message) {
    // An empty one takes room as well.
    const size = Math.max(Buffer.byteLength(message), 1);
    this.#lines.push({ time, level, message });
    this.#sizes.push(size);
    this.#bytes += size;
    while (this.#bytes > LIMIT.resultLogBytes && this.#first < this.#lines.length) {
      this.#bytes -= this.#sizes[this.#first];
      this.#lines[this.#first] = undefined;
      this.#first += 1;
      this.truncated = true;
    }
    if (this.#first > 1024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
  }

  get lines() {
    return this.#lines.slice(this.#first);
  }
}

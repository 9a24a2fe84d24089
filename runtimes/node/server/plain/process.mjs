// One function process, seen from the server: its socket, its output and what it has in flight.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FrameReader, KIND } from "../function/frames.mjs";
import { FRAME_START, frame, writeHead } from "./frames.mjs";
import { cutLines } from "./logs.mjs";

const HARNESS = fileURLToPath(new URL("../function/main.mjs", import.meta.url));
// The descriptor that it answers on.
const ANSWERS = "4";
const ONE_WRITE_BYTES = 65_536;
const CLOSING = { turns: 10, waitMs: 100 };

export class FunctionProcess {
  /** How many invocations it has in flight; one that is overdue is answered and counts no more. */
  inFlight = 0;
  /** "loading", "ready" or "failed". */
  state = "loading";
  /** Why the function could not be loaded. */
  failure = null;
  /** A retired process takes nothing new and is killed when it has nothing in flight. */
  retired = false;
  /** When the ping that is not answered yet was sent, or 0. */
  pingedAt = 0;
  /** The invocation that was answered 504 since the last ping went out, or null. */
  overdue = null;
  /** When the last pong came. */
  pongedAt = 0;

  #child;
  /** From the function process, and to it: writing to one that has just ended closes a socket, and what was to be read of it. */
  #from;
  #to;
  #outbox = [];
  #outboxBytes = 0;
  #flushing = false;
  #ended = null;
  #gone = false;
  #events;

  /**
   * @param {{folder: string, entrypoint: string | null, env: object}} options
   * @param {{alive, frame, output, loaded, gone}} events what the pool does about each
   */
  constructor(options, events) {
    this.#events = events;
    // Its own process group: a terminal's interrupt reaches the server alone, and a kill reaches what the function started.
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", HARNESS, options.folder, options.entrypoint ?? "", ANSWERS],
      {
        cwd: existsSync(options.folder) ? options.folder : "/",
        detached: true,
        env: options.env,
        stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      },
    );
    [, , , this.#to, this.#from] = this.#child.stdio;
    preferToEnd(this.#child.pid);
    const reader = new FrameReader((kind, number, buffer, start, end) => {
      this.#take(kind, number, buffer.subarray(start, end));
    });
    this.#from?.on("data", (chunk) => reader.push(chunk));
    this.#from?.on("error", () => {});
    this.#from?.on("close", () => this.#close());
    this.#to?.resume();
    this.#to?.on("error", () => {});
    this.#to?.on("close", () => this.#closeWhenRead(CLOSING.turns));
    this.#child.on("error", (error) => {
      this.#ended = error.message;
      this.#close();
    });
    this.#child.on("exit", (code, signal) => {
      this.#ended = signal ? `signal ${signal}` : `exit code ${code}`;
      if (this.#from?.destroyed) this.#close();
      else this.#closeWhenRead(CLOSING.turns);
    });
    if (this.#child.stdout) cutLines(this.#child.stdout, (line) => events.output(this, "info", line));
    if (this.#child.stderr) cutLines(this.#child.stderr, (line) => events.output(this, "error", line));
  }

  /** Sends an invocation with its `request`: mode, head (the JSON of raw mode or ""), chunks and size of the body. */
  invoke(invocation, request) {
    this.inFlight += 1;
    // Frames are taken in order: until the pong, it is sure that this one was not.
    invocation.untaken = this.pingedAt === 0 ? null : request;
    const { mode, head, chunks, size } = request;
    const id = invocation.id;
    const headLength = head === "" ? 0 : Buffer.byteLength(head);
    const fixed = 14 + id.length + headLength;
    const small = fixed + size <= ONE_WRITE_BYTES;
    const bytes = frame(KIND.invoke, invocation.number, small ? fixed + size : fixed);
    if (!small) writeHead(bytes, KIND.invoke, invocation.number, fixed + size);
    let at = FRAME_START;
    bytes[at] = mode;
    bytes.writeDoubleBE(invocation.deadline, at + 1);
    bytes[at + 9] = id.length;
    at += 10;
    at += bytes.latin1Write(id, at);
    at = bytes.writeUInt32BE(headLength, at);
    if (headLength > 0) at += bytes.utf8Write(head, at);
    if (small) {
      for (const chunk of chunks) at += chunk.copy(bytes, at);
      this.#send(bytes);
    } else {
      this.#send(bytes);
      for (const chunk of chunks) this.#send(chunk);
    }
    // Alone in flight: nothing would share the write. Otherwise this turn's frames go out together.
    if (this.inFlight === 1) this.#flush();
  }

  /** Tells the function process that an invocation is overdue. */
  cancel(number) {
    this.#send(frame(KIND.cancel, number, 0));
    this.ping();
  }

  ping() {
    if (this.pingedAt !== 0) return;
    this.pingedAt = Date.now();
    this.#send(frame(KIND.ping, 0, 0));
    this.#flush();
  }

  /** Ends it and whatever it started, without a word in the log. */
  kill() {
    this.retired = true;
    const pid = this.#child.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL");
    }
  }

  #send(bytes) {
    this.#outbox.push(bytes);
    this.#outboxBytes += bytes.length;
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush() {
    this.#flushing = false;
    const outbox = this.#outbox;
    if (outbox.length === 0 || !this.#to?.writable) return;
    const bytes = this.#outboxBytes;
    this.#outbox = [];
    this.#outboxBytes = 0;
    if (outbox.length === 1) {
      this.#to.write(outbox[0]);
    } else if (bytes <= ONE_WRITE_BYTES) {
      this.#to.write(Buffer.concat(outbox, bytes));
    } else {
      this.#to.cork();
      for (const part of outbox) this.#to.write(part);
      this.#to.uncork();
    }
  }

  #take(kind, number, bytes) {
    if (kind === KIND.pong) {
      this.pingedAt = 0;
      this.pongedAt = Date.now();
      this.#events.alive(this);
    } else if (kind === KIND.ready) {
      this.state = "ready";
      // Loading may have taken its only thread: that was no silence.
      if (this.pingedAt !== 0) this.pingedAt = Date.now();
      this.#events.loaded(this);
    } else if (kind === KIND.failed) {
      this.#fail(bytes.toString());
    } else {
      this.#events.frame(this, kind, number, bytes);
    }
  }

  #fail(reason) {
    this.state = "failed";
    this.failure = reason;
    this.#events.loaded(this);
  }

  /**
   * Closes the sockets of a process that has ended, which a child of its own may hold open for ever. What it wrote last may
   * still be there: a timer of a server that got no processor for long comes before what it has to read, so it looks once
   * more after that.
   */
  #closeWhenRead(turns) {
    const read = this.#from?.bytesRead;
    setTimeout(() => {
      setImmediate(() => {
        if (turns > 1 && this.#from?.bytesRead !== read) this.#closeWhenRead(turns - 1);
        else this.#close();
      });
    }, CLOSING.waitMs);
  }

  /** The socket is closed, or the process has ended: no answer can come any more. */
  #close() {
    if (this.#gone) return;
    if (this.#ended === null) {
      // A function may close the descriptor and live on, or this is the first sign of an exit: give that a moment.
      setTimeout(() => {
        this.#ended ??= "its socket was closed";
        this.kill();
        this.#close();
      }, 50);
      return;
    }
    this.#gone = true;
    this.#from?.destroy();
    this.#to?.destroy();
    if (this.state === "loading" && !this.retired) this.#fail(`the process ended while loading it: ${this.#ended}`);
    this.#events.gone(this, this.#ended);
  }
}

/** Where memory runs out, the system ends this process first. */
function preferToEnd(pid) {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // Not on every system: then it chooses.
  }
}

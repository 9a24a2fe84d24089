// One function process, seen from the server: its socket, its output and what it has in flight.
import { BATCH, FrameReader, KIND, Outbox } from "./frames.ts";
import type { Invocation } from "./invocation.ts";
import { type Level, LineCutter } from "./logs.ts";

const HARNESS = new URL("./function/main.ts", import.meta.url).pathname;
// A frame with a larger body would gain nothing from sharing its write.
const LARGE_BODY = 65_536;
const READ_BYTES = 65_536;
const CLOSING = { turns: 10, waitMs: 100 };
// Half of what V8 would let it grow to under load, which is memory that is never given back.
const YOUNG_GENERATION = "--v8-flags=--max-semi-space-size=8";

export interface ProcessOptions {
  readonly folder: string;
  readonly entrypoint: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Deno's folder for compiled modules. */
  readonly cache: string;
}

/** What is done about what a process does. */
export interface ProcessEvents {
  /** It has taken everything that was sent before the last ping. */
  alive(process: FunctionProcess): void;
  frame(process: FunctionProcess, kind: number, number: number, bytes: Uint8Array): void;
  output(process: FunctionProcess, level: Level, line: string): void;
  /** It is ready, or failed. */
  loaded(process: FunctionProcess): void;
  gone(process: FunctionProcess, reason: string): void;
}

export class FunctionProcess {
  /** How many invocations it has in flight; one that is overdue is answered and counts no more. */
  inFlight = 0;
  /** "standby" has not loaded the function yet. */
  state: "standby" | "loading" | "ready" | "failed";
  /** Why the function could not be loaded. */
  failure = "";
  /** Takes nothing new and is killed when it has nothing in flight. */
  retired = false;
  /** When the ping that is not answered yet was sent, or 0. */
  pingedAt = 0;
  /** When the last pong came. */
  pongedAt = 0;
  /** The invocation that was answered 504 since the last ping went out, or null. */
  overdue: Invocation | null = null;

  #events: ProcessEvents;
  #child: Deno.ChildProcess;
  #connection: Deno.UnixConn | null = null;
  #bytesRead = 0;
  #outbox = new Outbox();
  /** Invocations that wait to go out with others. */
  #gathered = 0;
  #flushing = false;
  #writing = false;
  #pingAgain = false;
  #ended: string | null = null;
  #gone = false;

  /** A standby starts, but loads the function with the first frame only. */
  constructor(options: ProcessOptions, standby: boolean, events: ProcessEvents) {
    this.state = standby ? "standby" : "loading";
    this.#events = events;
    const folder = Deno.makeTempDirSync({ prefix: "slipway-" });
    const path = `${folder}/socket`;
    const listener = Deno.listen({ transport: "unix", path });
    this.#child = new Deno.Command(Deno.execPath(), {
      args: commandLine(options, path, standby),
      clearEnv: true,
      cwd: isFolder(options.folder) ? options.folder : "/",
      // A process group of its own: a terminal's interrupt reaches the server alone, and a kill what the function started.
      detached: true,
      env: { ...options.env, DENO_DIR: options.cache },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child.status.then(({ code, signal }) => {
      this.#ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
      if (this.#connection === null) stopListening(listener);
      this.#closeWhenRead(CLOSING.turns);
    });
    this.#converse(listener, folder);
    this.#listen(this.#child.stdout, "info");
    this.#listen(this.#child.stderr, "error");
    this.#preferToDie();
  }

  /** Makes a standby load the function. */
  load(): void {
    this.state = "loading";
    this.ping();
  }

  invoke(invocation: Invocation): void {
    this.inFlight += 1;
    invocation.process = this;
    // Frames are taken in order: until the pong, it is sure that this one was not.
    invocation.untaken = this.pingedAt !== 0;
    const { number, raw, deadline, id, head, chunks } = invocation;
    const frame = this.#outbox.begin(KIND.invoke, number).u8(raw ? 1 : 0).f64(deadline).u8(id.length).ascii(id)
      .sizedText(head);
    for (const chunk of chunks) frame.bytes(chunk);
    frame.end();
    // This turn's frames go out together, or in a few writes.
    this.#gathered += 1;
    if (this.#gathered >= BATCH || invocation.size > LARGE_BODY) this.#flush();
    else this.#flushSoon();
  }

  /** Tells it that an invocation is overdue. */
  cancel(number: number): void {
    this.#outbox.begin(KIND.cancel, number).end();
    // A pong that is on its way already says nothing about what happened since.
    this.#pingAgain = this.pingedAt !== 0;
    this.ping();
    this.#flush();
  }

  ping(): void {
    if (this.pingedAt !== 0) return;
    this.pingedAt = Date.now();
    this.#outbox.begin(KIND.ping, 0).end();
    this.#flush();
  }

  drain(): void {
    this.#outbox.begin(KIND.drain, 0).end();
    this.#flush();
  }

  /** Ends it and whatever it started, without a word in the log. */
  kill(): void {
    this.retired = true;
    if (this.#ended !== null) return;
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  /** While something is being written, what comes next collects. */
  async #flush(): Promise<void> {
    this.#flushing = false;
    if (this.#writing || this.#connection === null) return;
    this.#writing = true;
    try {
      while (!this.#outbox.empty) {
        this.#gathered = 0;
        const bytes = this.#outbox.take();
        for (let at = 0; at < bytes.length;) at += await this.#connection.write(at === 0 ? bytes : bytes.subarray(at));
      }
    } catch {
      // It is gone, as reading tells.
    }
    this.#writing = false;
  }

  /** Takes what the process sends, until it is gone. */
  async #converse(listener: Deno.UnixListener, folder: string): Promise<void> {
    try {
      this.#connection = await accept(listener, folder);
      this.#flush();
      const reader = new FrameReader((kind, number, bytes) => this.#take(kind, number, bytes));
      const bytes = new Uint8Array(READ_BYTES);
      for (;;) {
        const length = await this.#connection.read(bytes);
        if (length === null) break;
        this.#bytesRead += length;
        reader.push(bytes.subarray(0, length));
      }
    } catch {
      // It ended, before it had connected or while something was in the socket.
    }
    this.#close();
  }

  #take(kind: number, number: number, bytes: Uint8Array): void {
    if (kind === KIND.pong) {
      this.pingedAt = 0;
      this.pongedAt = Date.now();
      this.#events.alive(this);
      if (this.#pingAgain) {
        this.#pingAgain = false;
        this.ping();
      }
    } else if (kind === KIND.ready) {
      this.state = "ready";
      // Loading may have taken its only thread: that was no silence.
      if (this.pingedAt !== 0) this.pingedAt = Date.now();
      this.#events.loaded(this);
    } else if (kind === KIND.failed) {
      this.#fail(new TextDecoder().decode(bytes));
    } else {
      this.#events.frame(this, kind, number, bytes);
    }
  }

  #fail(reason: string): void {
    this.state = "failed";
    this.failure = reason;
    this.#events.loaded(this);
  }

  /** What it prints past the capture in its own process: native code, workers, programs that it starts. */
  async #listen(stream: ReadableStream<Uint8Array>, level: Level): Promise<void> {
    const cutter = new LineCutter((line) => this.#events.output(this, level, line));
    for await (const chunk of stream) cutter.push(chunk);
    cutter.end();
  }

  /** Where memory runs out the kernel ends this process and not the server. */
  #preferToDie(): void {
    try {
      Deno.writeTextFileSync(`/proc/${this.#child.pid}/oom_score_adj`, "1000", { create: false });
    } catch {
      // Not on this system: then the kernel chooses.
    }
  }

  /**
   * Closes the socket of a process that has ended, which a child of its own may hold open for ever. What it wrote last may
   * still be there: a timer of a server that got no processor for long comes before what it has to read, so it looks once
   * more after that.
   */
  #closeWhenRead(turns: number): void {
    const read = this.#bytesRead;
    setTimeout(() => {
      setImmediate(() => {
        if (turns > 1 && this.#bytesRead !== read) this.#closeWhenRead(turns - 1);
        else this.#close();
      });
    }, CLOSING.waitMs);
  }

  /** The socket is closed, or the process has ended: no answer can come any more. */
  #close(): void {
    if (this.#gone) return;
    if (this.#ended === null) {
      // A function may close the descriptor and live on, or this is the first sign of an exit: give that a moment.
      setTimeout(() => {
        this.kill();
        this.#ended ??= "its socket was closed";
        this.#close();
      }, 50);
      return;
    }
    this.#gone = true;
    this.#connection?.close();
    if (this.state === "loading" && !this.retired) this.#fail(`the process ended while loading it: ${this.#ended}`);
    this.#events.gone(this, this.#ended);
  }
}

/** Waits for the one connection that is wanted; nobody finds the socket afterwards. */
async function accept(listener: Deno.UnixListener, folder: string): Promise<Deno.UnixConn> {
  try {
    return await listener.accept();
  } finally {
    stopListening(listener);
    Deno.removeSync(folder, { recursive: true });
  }
}

function stopListening(listener: Deno.UnixListener): void {
  try {
    listener.close();
  } catch {
    // It is closed.
  }
}

/**
 * How a function is run: it reads what its user can read, talks to the network, and writes to the folder for temporary
 * files only. It starts no programs and loads no native libraries, so it can neither signal the server nor look into it.
 */
function commandLine(
  { folder, entrypoint, flags, env, cache }: ProcessOptions,
  socket: string,
  standby: boolean,
): string[] {
  const temporary = Deno.env.get("TMPDIR") ?? "/tmp";
  const everything = flags.some((flag) => flag === "-A" || flag === "--allow-all");
  const permissions = [
    "--allow-read",
    `--allow-write=${temporary}`,
    `--deny-write=${cache}`,
    "--allow-env",
    "--allow-sys",
    network(flags, socket),
  ];
  const config = ["deno.json", "deno.jsonc"].map((name) => `${folder}/${name}`).find(isFile);
  const withoutConfig = isFile(`${folder}/package.json`) ? [] : ["--no-config"];
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-lock",
    "--cached-only",
    "--node-modules-dir=manual",
    ...(isFolder(`${folder}/vendor`) ? ["--vendor"] : []),
    ...(config === undefined ? withoutConfig : ["--config", config]),
    ...(everything ? [] : permissions),
    ...(flags.some((flag) => flag.startsWith("--v8-flags")) ? [] : [YOUNG_GENERATION]),
    ...flags.filter((flag) => !/^--(allow|deny)-net$|^--allow-net=/.test(flag)),
    HARNESS,
    socket,
    folder,
    entrypoint,
    standby ? "standby" : "load",
    env.DENO_DIR ?? "",
  ];
}

/** All of the network, what the flags allow of it, or none; in each case its own socket. */
function network(flags: readonly string[], socket: string): string {
  const [, hosts] = flags.findLast((flag) => flag.startsWith("--allow-net="))?.split("=") ?? [];
  if (flags.includes("--deny-net")) return `--allow-net=unix:${socket}`;
  return hosts === undefined ? "--allow-net" : `--allow-net=${hosts},unix:${socket}`;
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

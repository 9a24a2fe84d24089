// The function processes: which one takes an invocation, and what replaces one that hangs or ends.
import { type ErrorCode, isErrorCode } from "./contract.ts";
import { Flight } from "./flight.ts";
import { KIND } from "./frames.ts";
import type { Invocation } from "./invocation.ts";
import { type Level, writeLine } from "./logs.ts";
import { FunctionProcess, type ProcessOptions } from "./process.ts";

const TICK_MS = 20;
// How often a process with invocations in flight is asked for a sign of life.
const PING_MS = 100;
// A process that stays silent for so long past a deadline does not yield.
const SILENT_MS = 250;
// What runs beside a hung invocation waits for the same thread: after so long it will not get it back.
const HOPELESS_MS = 1250;
// Background output finds its id among so many of the latest invocations.
const REMEMBERED = 4096;
const RETRY_MS = { first: 1000, last: 30_000 };
const NOT_LOADED = "The function could not be loaded; the log says why.";

const decoder = new TextDecoder();

/** How an invocation ends. */
export interface PoolEvents {
  answered(invocation: Invocation, bytes: Uint8Array): void;
  refused(invocation: Invocation, code: ErrorCode, message: string): void;
}

/** What is kept of an invocation that has ended, for output in the background. */
interface Remembered {
  readonly number: number;
  readonly id: string;
  trace: string | null;
}

export class Pool {
  #options: ProcessOptions;
  #events: PoolEvents;
  #workers: FunctionProcess[] = [];
  #retired = new Set<FunctionProcess>();
  #standby: FunctionProcess | null = null;
  #keepStandby = false;
  #stopped = false;
  #retryMs = RETRY_MS.first;
  #flight = new Flight<Invocation>();
  #nextDeadline = Infinity;
  #ticking = false;
  #remembered: Remembered[] = new Array(REMEMBERED);
  #onLoaded: (() => void) | null = null;

  constructor(options: ProcessOptions, events: PoolEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Starts so many processes; resolves when each has loaded the function or failed to. */
  start(workers: number): Promise<void> {
    for (let index = 0; index < workers; index += 1) this.#workers.push(this.#spawn(false));
    return new Promise((resolve) => {
      this.#onLoaded = () => {
        if (this.#workers.every((worker) => worker.state !== "loading")) resolve();
      };
    });
  }

  /** Called once the socket listens: from now on a process that could not load the function tries again. */
  started(): void {
    this.#onLoaded = null;
  }

  get inFlight(): number {
    return this.#flight.size;
  }

  /** Whether no process can take an invocation. */
  get failed(): boolean {
    for (const worker of this.#workers) if (worker.state !== "failed") return false;
    return true;
  }

  invoke(invocation: Invocation): void {
    this.#flight.add(invocation);
    const { number, id, trace, deadline } = invocation;
    this.#remembered[number % REMEMBERED] = { number, id, trace };
    if (deadline < this.#nextDeadline) this.#nextDeadline = deadline;
    this.#choose().invoke(invocation);
    this.#tickLater();
  }

  /** Ends every invocation that is still in flight. */
  refuseAll(code: ErrorCode, message: string): void {
    for (const invocation of this.#flight) this.#refuse(invocation, code, message);
  }

  drain(): void {
    this.#stopped = true;
    for (const worker of this.#workers) worker.drain();
  }

  stop(): void {
    this.#stopped = true;
    for (const process of [...this.#workers, ...this.#retired]) process.kill();
    this.#standby?.kill();
  }

  #spawn(standby: boolean): FunctionProcess {
    return new FunctionProcess(this.#options, standby, {
      alive: (process) => {
        for (const invocation of this.#flight) if (invocation.process === process) invocation.untaken = false;
      },
      frame: (process, kind, number, bytes) => this.#take(process, kind, number, bytes),
      gone: (process, reason) => this.#gone(process, reason),
      loaded: (process) => this.#loaded(process),
      output: (process, level, line) => this.#output(process, level, line),
    });
  }

  /** The process with the least in flight. */
  #choose(): FunctionProcess {
    let chosen: FunctionProcess | null = null;
    for (const worker of this.#workers) {
      if (worker.state !== "failed" && (chosen === null || worker.inFlight < chosen.inFlight)) chosen = worker;
    }
    return chosen ?? this.#workers[0];
  }

  // What a process sends ----------------------------------------------------------------------------------------------

  #take(process: FunctionProcess, kind: number, number: number, bytes: Uint8Array): void {
    const invocation = this.#flight.get(number);
    // It may come from a process that was replaced and has nothing to say about it any more.
    if (invocation !== null && invocation.process !== process) return;
    if (kind === KIND.answer) {
      if (invocation === null) return;
      this.#end(invocation);
      this.#events.answered(invocation, bytes);
    } else if (kind === KIND.refuse) {
      if (invocation === null) return;
      const code = decoder.decode(bytes.subarray(1, 1 + bytes[0]));
      const message = decoder.decode(bytes.subarray(1 + bytes[0]));
      this.#refuse(invocation, isErrorCode(code) ? code : "function_error", message);
    } else if (kind === KIND.log) {
      this.#log(invocation, number, bytes[0] === 1 ? "error" : "info", decoder.decode(bytes.subarray(1)));
    } else if (kind === KIND.trace) {
      const trace = decoder.decode(bytes);
      const remembered = this.#remembered[number % REMEMBERED];
      if (invocation !== null) invocation.trace ??= trace;
      if (remembered?.number === number) remembered.trace ??= trace;
    }
  }

  #log(invocation: Invocation | null, number: number, level: Level, message: string): void {
    if (invocation !== null) {
      const time = writeLine(level, invocation.id, message, invocation.trace);
      invocation.log?.add(time, level, message);
      return;
    }
    const remembered = this.#remembered[number % REMEMBERED];
    if (number !== 0 && remembered?.number === number) writeLine(level, remembered.id, message, remembered.trace);
    else writeLine(level, null, message);
  }

  /** Raw output belongs to the one invocation in flight, or to none when there are several. */
  #output(process: FunctionProcess, level: Level, line: string): void {
    const [invocation = null] = process.inFlight === 1 ? this.#of(process) : [];
    this.#log(invocation, 0, level, line);
  }

  #of(process: FunctionProcess): Invocation[] {
    return [...this.#flight].filter((invocation) => invocation.process === process);
  }

  #end(invocation: Invocation): void {
    const process = invocation.process!;
    this.#flight.delete(invocation);
    process.inFlight -= 1;
    if (process.retired && process.inFlight === 0) process.kill();
  }

  #refuse(invocation: Invocation, code: ErrorCode, message: string): void {
    this.#end(invocation);
    this.#events.refused(invocation, code, message);
  }

  // Loading, ending, replacing ----------------------------------------------------------------------------------------

  #loaded(process: FunctionProcess): void {
    if (process.state === "ready") {
      this.#retryMs = RETRY_MS.first;
      if (this.#keepStandby) Deno.unrefTimer(setTimeout(() => this.#prepareStandby(), 200));
    } else {
      writeLine("error", null, `the function can't be loaded: ${process.failure}`);
      for (const invocation of this.#of(process)) this.#refuse(invocation, "function_not_loaded", NOT_LOADED);
      // It could be loaded before: whatever is missing may come back.
      if (this.#onLoaded === null) this.#retry(process);
    }
    this.#onLoaded?.();
  }

  #retry(process: FunctionProcess): void {
    const wait = this.#retryMs;
    this.#retryMs = Math.min(wait * 2, RETRY_MS.last);
    Deno.unrefTimer(setTimeout(() => this.#replace(process), wait));
  }

  #gone(process: FunctionProcess, reason: string): void {
    if (process === this.#standby) this.#standby = null;
    const expected = this.#retired.delete(process) || process.retired || this.#stopped;
    if (this.#workers.includes(process) && process.state !== "failed" && !this.#stopped) {
      if (!expected) this.#keepStandby = true;
      this.#replace(process);
      this.#handOver(process);
    }
    if (!expected && process.inFlight === 0) writeLine("error", null, `the function's process ended: ${reason}`);
    for (const invocation of this.#of(process)) {
      this.#log(invocation, invocation.number, "error", `the function's process ended: ${reason}`);
      this.#refuse(invocation, "function_error", `the function's process ended: ${reason}`);
    }
  }

  /** Gives what a process has certainly not begun to another one. */
  #handOver(process: FunctionProcess): void {
    for (const invocation of this.#of(process)) {
      if (!invocation.untaken) continue;
      process.inFlight -= 1;
      this.#choose().invoke(invocation);
    }
  }

  /** Puts the standby, or a new process, in the place of another. */
  #replace(process: FunctionProcess): void {
    const index = this.#workers.indexOf(process);
    if (index < 0 || this.#stopped) return;
    if (process.state === "failed") process.kill();
    const next = this.#standby ?? this.#spawn(true);
    this.#standby = null;
    this.#workers[index] = next;
    next.load();
  }

  #prepareStandby(): void {
    if (!this.#stopped) this.#standby ??= this.#spawn(true);
  }

  // Deadlines ---------------------------------------------------------------------------------------------------------

  // One timer for all invocations, running only while there are some: a timer for each would cost more than it tells.
  #tickLater(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#ticking = false;
    const now = Date.now();
    if (now >= this.#nextDeadline) this.#endOverdue(now);
    let busy = false;
    for (const worker of this.#workers) {
      if (worker.state === "ready") this.#watch(worker, now);
      busy ||= worker.inFlight > 0 || worker.pingedAt !== 0;
    }
    for (const process of this.#retired) {
      if (process.pingedAt !== 0 && now - process.pingedAt >= HOPELESS_MS) process.kill();
    }
    if (busy || this.#retired.size > 0) this.#tickLater();
  }

  #endOverdue(now: number): void {
    this.#nextDeadline = Infinity;
    for (const invocation of this.#flight) {
      if (invocation.deadline > now) {
        this.#nextDeadline = Math.min(this.#nextDeadline, invocation.deadline);
        continue;
      }
      const process = invocation.process!;
      process.overdue = invocation;
      process.cancel(invocation.number);
      this.#refuse(invocation, "timeout", "The function did not answer in time.");
    }
  }

  /** Tells a process that awaits from one that does not yield. */
  #watch(process: FunctionProcess, now: number): void {
    if (process.pingedAt === 0) {
      process.overdue = null;
      if (process.inFlight > 0 && now - process.pongedAt >= PING_MS) process.ping();
      return;
    }
    const silent = now - process.pingedAt;
    if (silent >= PING_MS) this.#prepareStandby();
    if (process.overdue !== null && silent >= SILENT_MS) this.#retire(process, process.overdue);
  }

  #retire(process: FunctionProcess, { id, trace }: Invocation): void {
    writeLine("error", id, "the function does not yield: its process is replaced", trace);
    process.retired = true;
    this.#retired.add(process);
    this.#replace(process);
    this.#handOver(process);
    if (process.inFlight === 0) process.kill();
  }
}

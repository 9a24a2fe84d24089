// The function processes: which one takes an invocation, and what replaces one that hangs or ends.
import { KIND } from "../function/frames.mjs";
import { Flight } from "./flight.mjs";
import { writeLine } from "./logs.mjs";
import { FunctionProcess } from "./process.mjs";

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

export class Pool {
  #options;
  #events;
  #workers = [];
  #retired = new Set();
  #stopped = false;
  #retryMs = RETRY_MS.first;
  #flight = new Flight();
  #nextDeadline = Number.POSITIVE_INFINITY;
  #ticking = false;
  #remembered = new Array(REMEMBERED);
  #onLoaded = null;

  /**
   * @param {{folder: string, entrypoint: string | null, env: object, workers: number}} options
   * @param {{answer, refuse}} events how an invocation ends: answer(invocation, bytes) or refuse(invocation, code, message)
   */
  constructor(options, events) {
    this.#options = options;
    this.#events = events;
  }

  /** Starts the processes; resolves when each has loaded the function or failed to. */
  start() {
    for (let index = 0; index < this.#options.workers; index += 1) this.#workers.push(this.#spawn());
    return new Promise((resolve) => {
      this.#onLoaded = () => {
        if (this.#workers.every((worker) => worker.state !== "loading")) resolve();
      };
    });
  }

  get inFlight() {
    return this.#flight.size;
  }

  /** Why no process can take an invocation, or null where one can. */
  get failure() {
    for (const worker of this.#workers) if (worker.state !== "failed") return null;
    return this.#workers[0].failure;
  }

  /** Runs an invocation: an object with `id`, `deadline` (ms since 1970), `trace`, `log` (a ResultLog or null). */
  invoke(invocation, request) {
    const worker = this.#choose();
    this.#flight.add(invocation);
    invocation.worker = worker;
    const { number, id, trace } = invocation;
    this.#remembered[number % REMEMBERED] = { number, id, trace };
    if (invocation.deadline < this.#nextDeadline) this.#nextDeadline = invocation.deadline;
    worker.invoke(invocation, request);
    this.#tickLater();
  }

  /** What is in flight. */
  get invocations() {
    return this.#flight;
  }

  /** Ends every invocation that is still in flight. */
  refuseAll(code, message) {
    for (const invocation of this.#flight) this.#refuse(invocation, code, message);
  }

  /** Replaces nothing any more. */
  drain() {
    this.#stopped = true;
  }

  stop() {
    this.#stopped = true;
    for (const worker of [...this.#workers, ...this.#retired]) worker.kill();
    // Nobody is watched any more.
    this.#workers = [];
    this.#retired.clear();
  }

  #spawn() {
    return new FunctionProcess(this.#options, {
      alive: (worker) => {
        for (const invocation of this.#flight) if (invocation.worker === worker) invocation.untaken = null;
      },
      frame: (worker, kind, number, bytes) => this.#take(worker, kind, number, bytes),
      gone: (worker, reason) => this.#gone(worker, reason),
      loaded: (worker) => this.#loaded(worker),
      output: (worker, level, line) => this.#output(worker, level, line),
    });
  }

  #choose() {
    let chosen = null;
    for (const worker of this.#workers) {
      if (worker.state === "failed") continue;
      if (chosen === null || worker.inFlight < chosen.inFlight) chosen = worker;
    }
    return chosen ?? this.#workers[0];
  }

  // What a process sends ----------------------------------------------------------------------------------------------

  #take(worker, kind, number, bytes) {
    const invocation = this.#flight.get(number);
    // An answer may come from a process that was replaced and has nothing to say about it any more.
    if (invocation !== null && invocation.worker !== worker) return;
    if (kind === KIND.answer) {
      if (invocation) {
        this.#end(invocation);
        this.#events.answer(invocation, bytes);
      }
    } else if (kind === KIND.log) {
      this.#log(invocation, number, bytes[0] === 1 ? "error" : "info", bytes.utf8Slice(1));
    } else if (kind === KIND.refuse) {
      if (invocation) {
        const length = bytes[0];
        this.#refuse(invocation, bytes.latin1Slice(1, 1 + length), bytes.utf8Slice(1 + length));
      }
    } else if (kind === KIND.trace) {
      const remembered = this.#remembered[number % REMEMBERED];
      if (invocation) invocation.trace ??= bytes.latin1Slice();
      if (remembered?.number === number) remembered.trace ??= bytes.latin1Slice();
    }
  }

  #log(invocation, number, level, message) {
    if (invocation) {
      const time = writeLine(level, invocation.id, message, invocation.trace);
      invocation.log?.add(time, level, message);
      return;
    }
    const remembered = this.#remembered[number % REMEMBERED];
    if (number !== 0 && remembered?.number === number) writeLine(level, remembered.id, message, remembered.trace);
    else writeLine(level, null, message);
  }

  /** Raw output belongs to the one invocation in flight, or to none when there are several. */
  #output(worker, level, line) {
    const [invocation] = worker.inFlight === 1 ? this.#of(worker) : [];
    this.#log(invocation ?? null, 0, level, line);
  }

  #of(worker) {
    return [...this.#flight].filter((invocation) => invocation.worker === worker);
  }

  #end(invocation) {
    const { worker } = invocation;
    this.#flight.delete(invocation);
    worker.inFlight -= 1;
    if (worker.retired && worker.inFlight === 0) worker.kill();
  }

  #refuse(invocation, code, message) {
    this.#end(invocation);
    this.#events.refuse(invocation, code, message);
  }

  // Loading, ending, replacing ----------------------------------------------------------------------------------------

  #loaded(worker) {
    if (worker.state === "ready") {
      this.#retryMs = RETRY_MS.first;
    } else {
      writeLine("error", null, `the function can't be loaded: ${worker.failure}`);
      for (const invocation of this.#of(worker)) {
        this.#refuse(invocation, "function_not_loaded", "The function could not be loaded; the log says why.");
      }
      // It could be loaded before: whatever is missing may come back.
      if (this.#onLoaded === null) this.#retry(worker);
    }
    this.#onLoaded?.();
  }

  /** Called once the socket listens: from now on a process that ends is replaced. */
  started() {
    this.#onLoaded = null;
  }

  #retry(worker) {
    const wait = this.#retryMs;
    this.#retryMs = Math.min(wait * 2, RETRY_MS.last);
    setTimeout(() => this.#replace(worker), wait).unref();
  }

  #gone(worker, reason) {
    const expected = this.#retired.delete(worker) || worker.retired || this.#stopped;
    if (worker.state !== "failed") this.#replace(worker);
    if (!this.#stopped) this.#handOver(worker);
    if (!expected && worker.inFlight === 0) writeLine("error", null, `the function's process ended: ${reason}`);
    for (const invocation of this.#of(worker)) {
      this.#log(invocation, invocation.number, "error", `the function's process ended: ${reason}`);
      this.#refuse(invocation, "function_error", `the function's process ended: ${reason}`);
    }
  }

  /** Gives what a process that has ended has certainly not begun to another one. */
  #handOver(worker) {
    for (const invocation of this.#of(worker)) {
      if (invocation.untaken === null) continue;
      worker.inFlight -= 1;
      invocation.worker = this.#choose();
      invocation.worker.invoke(invocation, invocation.untaken);
    }
  }

  /** Puts a new process in the place of another. */
  #replace(worker) {
    const index = this.#workers.indexOf(worker);
    if (index < 0 || this.#stopped) return;
    if (worker.state === "failed") worker.kill();
    const next = this.#spawn();
    this.#workers[index] = next;
    // What is sent behind this before the function is loaded has certainly not begun, should it never be.
    next.ping();
  }

  // Deadlines ---------------------------------------------------------------------------------------------------------

  // One timer for all invocations, running only while there are some: a timer for each would cost more than it tells.
  #tickLater() {
    if (this.#ticking) return;
    this.#ticking = true;
    setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick() {
    this.#ticking = false;
    const now = Date.now();
    if (now >= this.#nextDeadline) this.#endOverdue(now);
    let busy = false;
    for (const worker of this.#workers) {
      if (worker.state === "ready") this.#watch(worker, now);
      busy ||= worker.inFlight > 0 || worker.pingedAt !== 0;
    }
    for (const worker of this.#retired) {
      if (worker.pingedAt !== 0 && now - worker.pingedAt >= HOPELESS_MS) worker.kill();
    }
    if (busy || this.#retired.size > 0) this.#tickLater();
  }

  #endOverdue(now) {
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    for (const invocation of this.#flight) {
      if (invocation.deadline > now) {
        this.#nextDeadline = Math.min(this.#nextDeadline, invocation.deadline);
        continue;
      }
      const { worker } = invocation;
      worker.overdue = invocation;
      worker.cancel(invocation.number);
      this.#refuse(invocation, "timeout", "The function did not answer in time.");
    }
  }

  /** Tells a process that awaits from one that does not yield. */
  #watch(worker, now) {
    if (worker.pingedAt === 0) {
      worker.overdue = null;
      if (worker.inFlight > 0 && now - worker.pongedAt >= PING_MS) worker.ping();
      return;
    }
    const silent = now - worker.pingedAt;
    if (worker.overdue && silent >= SILENT_MS) this.#retire(worker);
  }

  #retire(worker) {
    const { id, trace } = worker.overdue;
    writeLine("error", id, "the function does not yield: its process is replaced", trace);
    worker.retired = true;
    this.#retired.add(worker);
    this.#replace(worker);
    if (worker.inFlight === 0) worker.kill();
  }
}

/** The parts of an answer frame. */
export function answerParts(bytes) {
  const headersLength = bytes.readUInt32BE(3);
  return {
    body: bytes.subarray(7 + headersLength),
    headers: headersLength === 0 ? null : JSON.parse(bytes.utf8Slice(7, 7 + headersLength)),
    status: bytes.readUInt16BE(0),
    type: bytes[2],
  };
}

// One run of the function, from the head of its request to its end.
import type { Exchange } from "./connection.ts";
import type { Choices } from "./control.ts";
import { ResultLog } from "./logs.ts";
import type { FunctionProcess } from "./process.ts";

export class Invocation {
  /** Given when it goes to a process; frames carry it. */
  number = 0;
  /** The process that runs it. */
  process: FunctionProcess | null = null;
  /** Whether it is sure that its process has not begun it. */
  untaken = false;
  /** When the runtime gives up waiting: milliseconds since 1970. */
  deadline = 0;
  startedAt = 0;
  readonly timeoutMs: number;
  readonly raw: boolean;
  trace: string | null;
  /** The lines for the result envelope, where the caller wants one. */
  readonly log: ResultLog | null;
  /** The body as it came. */
  chunks: Uint8Array[] = [];
  size = 0;

  /** `head` is what the function may see of the HTTP request, as JSON; empty under the envelope. */
  constructor(readonly exchange: Exchange, readonly id: string, choices: Choices, readonly head: string) {
    this.timeoutMs = choices.timeoutMs;
    this.raw = choices.raw;
    this.trace = choices.trace;
    this.log = choices.result ? new ResultLog() : null;
  }

  start(): void {
    this.deadline = Date.now() + this.timeoutMs;
    if (this.log !== null) this.startedAt = performance.now();
  }

  /** Since its start; counted only for a result envelope, which tells it. */
  get milliseconds(): number {
    return performance.now() - this.startedAt;
  }
}

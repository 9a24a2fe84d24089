// HTTP in and out: from a request to an invocation, from its end to an answer.
import { readAnswer, sendAnswer, sendError, sendErrorResult, sendJson, sendResult } from "./answer.ts";
import { secretComparison } from "./authorise.ts";
import { Connection, type Exchange, type Handler } from "./connection.ts";
import { type ErrorCode, HEADER, LIMIT, PATH } from "./contract.ts";
import {
  checkEnvelopeRequest,
  checkId,
  type Choices,
  type Control,
  rawHead,
  readChoices,
  readControl,
  Refusal,
  splitTarget,
  type Target,
  tooLarge,
} from "./control.ts";
import { Invocation } from "./invocation.ts";
import type { Pool } from "./pool.ts";
import type { Settings } from "./settings.ts";

const SWEEP_MS = 1000;
const STALL_SWEEPS = LIMIT.stallMs / SWEEP_MS;
const IDLE_SWEEPS = 60;
// A client that does not read its answer, and one that still sends behind its last answer.
const UNREAD_SWEEPS = 60;
const LINGER_SWEEPS = 2;
// Where too many files are open, one of them may be closed by then.
const ACCEPT_AGAIN_MS = 20;
const GENERIC_ERROR = "The function failed; the log has the details.";

export class HttpServer implements Handler {
  draining = false;

  #settings: Settings;
  #pool: Pool;
  #authorised: (value: string | null) => boolean;
  #listener: Deno.TcpListener | null = null;
  #connections = new Set<Connection>();
  #closed = Promise.withResolvers<void>();
  #idPrefix = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}-`;
  #idCount = 0;

  constructor(settings: Settings, pool: Pool) {
    this.#settings = settings;
    this.#pool = pool;
    this.#authorised = secretComparison(settings.secret);
    Deno.unrefTimer(setInterval(() => this.#sweep(), SWEEP_MS));
  }

  /** Listens from now on; throws where it can't. */
  listen(host: string, port: number): void {
    this.#listener = Deno.listen({ hostname: host, port });
    this.#accept(this.#listener);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    while (!this.draining) {
      try {
        const client = await listener.accept();
        this.#connections.add(new Connection(client, this, (connection) => this.#forget(connection)));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      }
    }
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.draining && this.#connections.size === 0) this.#closed.resolve();
  }

  /** Takes no new connections; resolves when every connection is closed. */
  close(): Promise<void> {
    this.draining = true;
    this.#listener?.close();
    if (this.#connections.size === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** Whether an answer is still on its way to a client. */
  get sending(): boolean {
    for (const connection of this.#connections) if (connection.unread) return true;
    return false;
  }

  closeConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Ends what is stalled. */
  #sweep(): void {
    for (const connection of this.#connections) {
      connection.silent += 1;
      connection.headAge += 1;
      const { phase, silent, headAge } = connection;
      if (
        (phase === "idle" && silent > IDLE_SWEEPS) || (phase === "head" && headAge > STALL_SWEEPS) ||
        (phase === "body" && silent > STALL_SWEEPS) || (phase === "finished" && silent > LINGER_SWEEPS) ||
        (connection.unread && silent > UNREAD_SWEEPS)
      ) connection.destroy();
    }
  }

  // From a request to an invocation -----------------------------------------------------------------------------------

  head(exchange: Exchange): void {
    const target = splitTarget(exchange.target);
    if (openPath(exchange.method, target.path)) return;
    const control = readControl(exchange.headers);
    const stranger = this.#checkStranger(exchange, control);
    if (stranger !== null) {
      exchange.refusal = { ...stranger, id: null };
      return;
    }
    this.#idCount += 1;
    const id = control.id ?? this.#idPrefix + this.#idCount.toString(36);
    const choices = readChoices(control, this.#settings);
    const refusal = choices instanceof Refusal
      ? choices
      : this.#checkRequest(exchange.method, target, control, choices);
    if (refusal !== null) {
      exchange.refusal = { ...refusal, id };
      return;
    }
    const { raw } = choices as Choices;
    const head = raw ? rawHead(exchange.method, target, exchange.headers) : "";
    exchange.invocation = new Invocation(exchange, id, choices as Choices, head);
    if (control.expectsContinue) exchange.sendContinue();
  }

  body(exchange: Exchange, bytes: Uint8Array): void {
    const { invocation } = exchange;
    if (invocation === null) return;
    invocation.size += bytes.length;
    if (invocation.size <= this.#settings.maxBody) {
      invocation.chunks.push(bytes);
      return;
    }
    exchange.invocation = null;
    exchange.refusal = { ...this.#tooLong(), id: invocation.id };
  }

  complete(exchange: Exchange): void {
    const { invocation } = exchange;
    if (invocation === null) return this.#answerAtOnce(exchange);
    const busy = this.#unavailable();
    if (busy !== null) return sendError(exchange, invocation.id, busy.code, busy.message);
    invocation.start();
    this.#pool.invoke(invocation);
  }

  partial(exchange: Exchange): void {
    if (exchange.invocation === null) this.#answerAtOnce(exchange);
  }

  /** Answers what is not the function's to answer. */
  #answerAtOnce(exchange: Exchange): void {
    if (exchange.refusal !== null) {
      const { id, code, message, lines } = exchange.refusal;
      return sendError(exchange, id, code, message, lines);
    }
    const open = openPath(exchange.method, splitTarget(exchange.target).path);
    const busy = open === "ready" ? this.#unavailable() : null;
    if (busy !== null) sendError(exchange, null, busy.code, busy.message);
    else sendJson(exchange, 200, { status: open === "ready" ? "ready" : "ok" });
  }

  /** What is wrong before anybody is known to be authorised, and with the id that the caller gives. */
  #checkStranger(exchange: Exchange, control: Control): Refusal | null {
    if (exchange.minor > 0 && control.hosts !== 1) {
      return new Refusal("bad_request", "The request must have one host header.");
    }
    if (tooLarge(control)) {
      return new Refusal("headers_too_large", "The headers must not be over 16 KiB or 100 lines.");
    }
    if (!this.#authorised(control.secret)) return new Refusal("unauthorized", `${HEADER.secret} is missing or wrong.`);
    return control.id === null ? null : checkId(control.id);
  }

  #checkRequest(method: string, target: Target, control: Control, { raw }: Choices): Refusal | null {
    const wrong = (raw ? null : checkEnvelopeRequest(method, target.path, control.contentType)) ?? this.#unavailable();
    if (wrong !== null) return wrong;
    return (control.contentLength ?? 0) > this.#settings.maxBody ? this.#tooLong() : null;
  }

  #tooLong(): Refusal {
    return new Refusal("payload_too_large", `The body must not be over ${this.#settings.maxBody} bytes.`);
  }

  /** Why no new invocation would be taken, or null. */
  #unavailable(): Refusal | null {
    if (this.draining) return new Refusal("shutting_down", "The runtime is shutting down.");
    if (this.#pool.failed) {
      return new Refusal("function_not_loaded", "The function could not be loaded; the log says why.");
    }
    if (this.#pool.inFlight >= this.#settings.concurrency) {
      return new Refusal("overloaded", "As many invocations as the runtime takes are in flight.");
    }
    return null;
  }

  // From the end of an invocation to an answer ------------------------------------------------------------------------

  /** The function has answered: with the bytes of an answer frame. */
  answered(invocation: Invocation, bytes: Uint8Array): void {
    const { exchange, id, log } = invocation;
    const answer = readAnswer(bytes);
    if (answer === null) this.refused(invocation, "invalid_response", "The function's answer can't be sent.");
    else if (log !== null) sendResult(exchange, id, answer, log, invocation.milliseconds);
    else sendAnswer(exchange, id, answer);
  }

  /** The runtime answers in the function's place. */
  refused(invocation: Invocation, code: ErrorCode, detail: string): void {
    const { exchange, id, log } = invocation;
    const hidden = code === "function_error" && (!this.#settings.development || detail === "");
    const message = hidden ? GENERIC_ERROR : detail;
    if (log === null || BEFORE_FUNCTION.has(code)) sendError(exchange, id, code, message);
    else sendErrorResult(exchange, id, code, message, log, invocation.milliseconds);
  }
}

/** These say that the function was not reached: no result envelope tells them. */
const BEFORE_FUNCTION: ReadonlySet<ErrorCode> = new Set(["invalid_json", "invalid_envelope", "function_not_loaded"]);

/** Which of the two paths that need no secret is asked for, or null. */
function openPath(method: string, path: string): "health" | "ready" | null {
  if (method !== "GET" && method !== "HEAD") return null;
  return path === PATH.health ? "health" : path === PATH.ready ? "ready" : null;
}

// HTTP in and out: from a request to an invocation, from its end to an answer.
import { createRequire } from "node:module";
import { List } from "../function/list.mjs";
import { errorAnswer, sendAnswer, sendError, sendJson, sendResult } from "./answer.mjs";
import { secretComparison } from "./authorise.mjs";
import { HEADER, LIMIT, PATH } from "./contract.mjs";
import { checkEnvelopeRequest, checkId, rawHead, readChoices, readControl, splitTarget, tooLarge } from "./control.mjs";
import { ResultLog } from "./logs.mjs";
import { refuseConnection, takenMethod } from "./parser.mjs";
import { answerParts } from "./pool.mjs";
import { Request } from "./request.mjs";

// Not imported: see request.mjs.
const { createServer, ServerResponse } = createRequire(import.meta.url)("node:http");

const SWEEP_MS = 1000;
// A refused body is read and dropped for so long, so that its sender sees the answer instead of a reset.
const LINGER_SWEEPS = 2;
const STALL_SWEEPS = LIMIT.stallMs / SWEEP_MS;
const GENERIC_ERROR = "The function failed; the log has the details.";

export class HttpServer {
  draining = false;

  #settings;
  #pool;
  #authorised;
  #server;
  #sockets = new Set();
  /** Requests whose body is still to come: the sweeps they have been silent, and how many they may be. */
  #reading = new List();
  #idPrefix = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}-`;
  #idCount = 0;

  constructor(settings, pool) {
    this.#settings = settings;
    this.#pool = pool;
    this.#authorised = secretComparison(settings.secret);
    const server = createServer({
      IncomingMessage: Request,
      connectionsCheckingInterval: SWEEP_MS,
      headersTimeout: LIMIT.stallMs,
      keepAliveTimeout: 60_000,
      // The parser counts the request line too; the limit on headers alone is judged in #handle.
      maxHeaderSize: 2 * LIMIT.headerBytes,
      requestTimeout: 0,
    });
    // One more than is allowed, so that the one too many can be seen.
    server.maxHeadersCount = LIMIT.headerLines + 1;
    // A client that has closed its half still gets its answer.
    server.httpAllowHalfOpen = true;
    const handle = (req, res) => this.#handle(req, res);
    server.on("request", handle);
    server.on("checkContinue", handle);
    server.on("checkExpectation", handle);
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("connect", (req, socket) => {
      const res = new ServerResponse(req);
      res.shouldKeepAlive = false;
      res.assignSocket(socket);
      res.on("finish", () => socket.end());
      socket.on("error", () => {});
      this.#handle(req, res);
    });
    server.on("clientError", (error, socket) => {
      refuseConnection(server, error, socket, this.#unansweredOn(socket));
    });
    this.#server = server;
    setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  listen(host, port) {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ backlog: 4096, host, port }, () => {
        this.#server.off("error", reject);
        resolve(this.#server.address());
      });
    });
  }

  /** Takes no new connections; resolves when every connection is closed. */
  close() {
    this.draining = true;
    return new Promise((resolve) => {
      // Node takes a connection for idle, and destroys it, whose answer is written but not sent: that one ends when it is.
      const sending = [...this.#sockets].filter((socket) => socket.writableLength > 0);
      for (const socket of sending) socket.destroy = socket.destroySoon;
      this.#server.close(resolve);
      for (const socket of sending) delete socket.destroy;
    });
  }

  /** Whether an answer is still on its way to a client. */
  get sending() {
    for (const socket of this.#sockets) if (socket.writableLength > 0) return true;
    return false;
  }

  closeConnections() {
    this.#server.closeAllConnections();
  }

  // From a request to an invocation -----------------------------------------------------------------------------------

  #handle(req, res) {
    if (this.draining) res.shouldKeepAlive = false;
    const method = takenMethod(req);
    const target = splitTarget(req.url);
    const known = method === "GET" || method === "HEAD";
    if (known && target.path === PATH.health) return sendJson(res, 200, { status: "ok" });
    if (known && target.path === PATH.ready) return this.#ready(res);

    const control = readControl(req.rawHeaders);
    if (tooLarge(control)) {
      res.shouldKeepAlive = false;
      return this.#refuse(req, res, null, "headers_too_large", "The headers must not be over 16 KiB or 100 lines.");
    }
    if (!this.#authorised(control.secret)) {
      return this.#refuse(req, res, null, "unauthorized", `${HEADER.secret} is missing or wrong.`);
    }
    const wrongId = control.id === null ? null : checkId(control.id);
    if (wrongId) return this.#refuse(req, res, null, wrongId.code, wrongId.message);
    this.#idCount += 1;
    const id = control.id ?? this.#idPrefix + this.#idCount.toString(36);

    const choices = readChoices(control, this.#settings);
    const refusal =
      choices.code !== undefined
        ? choices
        : choices.raw
          ? null
          : checkEnvelopeRequest(method, target.path, control.contentType);
    if (refusal) return this.#refuse(req, res, id, refusal.code, refusal.message, refusal.headers);
    const busy = this.#unavailable();
    if (busy) return this.#refuse(req, res, id, ...busy);
    if (control.contentLength > this.#settings.maxBody) return this.#refuseBody(req, res, id);

    const invocation = {
      number: 0,
      worker: null,
      untaken: null,
      id,
      trace: choices.trace,
      deadline: 0,
      log: choices.result ? new ResultLog() : null,
      startedAt: 0,
      timeoutMs: choices.timeoutMs,
      mode: choices.raw ? 1 : 0,
      head: choices.raw ? rawHead(method, target, req.rawHeaders) : "",
      res,
    };
    if (control.contentLength === null && !control.chunked) return this.#start(invocation, [], 0);
    if (control.expectsContinue) res.writeContinue();
    this.#readBody(req, invocation);
  }

  #ready(res) {
    const busy = this.#unavailable();
    if (busy) return sendError(res, null, ...busy);
    sendJson(res, 200, { status: "ready" });
  }

  /** Why no new invocation would be taken, as code and message, or null. */
  #unavailable() {
    if (this.draining) return ["shutting_down", "The runtime is shutting down."];
    if (this.#pool.failure !== null) {
      return ["function_not_loaded", "The function could not be loaded; the log says why."];
    }
    if (this.#pool.inFlight >= this.#settings.concurrency) {
      return ["overloaded", "As many invocations as the runtime takes are in flight."];
    }
    return null;
  }

  #readBody(req, invocation) {
    const chunks = [];
    let size = 0;
    const entry = { req, silent: 0, most: STALL_SWEEPS, place: -1 };
    this.#reading.add(entry);
    req.receiver = {
      take: (chunk) => {
        entry.silent = 0;
        size += chunk.length;
        if (size <= this.#settings.maxBody) {
          chunks.push(chunk);
          return;
        }
        req.receiver = null;
        this.#reading.delete(entry);
        this.#refuseBody(req, invocation.res, invocation.id);
      },
      end: () => {
        this.#reading.delete(entry);
        this.#start(invocation, chunks, size);
      },
    };
  }

  #start(invocation, chunks, size) {
    const busy = this.#unavailable();
    if (busy) return sendError(invocation.res, invocation.id, ...busy);
    const now = Date.now();
    invocation.deadline = now + invocation.timeoutMs;
    if (invocation.log) invocation.startedAt = performance.now();
    this.#pool.invoke(invocation, { mode: invocation.mode, head: invocation.head, chunks, size });
  }

  // Refusals before the function --------------------------------------------------------------------------------------

  #refuseBody(req, res, id) {
    const message = `The body must not be over ${this.#settings.maxBody} bytes.`;
    this.#refuse(req, res, id, "payload_too_large", message);
  }

  #refuse(req, res, id, code, message, headers) {
    sendError(res, id, code, message, headers);
    if (req.complete) return;
    this.#reading.add({ req, silent: 0, most: LINGER_SWEEPS, place: -1 });
  }

  /** Ends what has been silent for too long, and forgets what is complete. */
  #sweep() {
    for (const entry of this.#reading.items()) {
      entry.silent += 1;
      if (entry.req.complete || entry.req.destroyed) this.#reading.delete(entry);
      else if (entry.silent > entry.most) {
        this.#reading.delete(entry);
        entry.req.socket.destroy();
      }
    }
  }

  #unansweredOn(socket) {
    let last = null;
    for (const { res } of this.#pool.invocations) if (res.socket === socket || res.req.socket === socket) last = res;
    return last;
  }

  // From the end of an invocation to an answer ------------------------------------------------------------------------

  answered(invocation, bytes) {
    const { res, id, log } = invocation;
    if (this.draining) res.shouldKeepAlive = false;
    const answer = answerParts(bytes);
    if (log) sendResult(res, id, answer, null, log, performance.now() - invocation.startedAt);
    else sendAnswer(res, id, answer);
  }

  refused(invocation, code, detail) {
    const { res, id, log } = invocation;
    if (this.draining) res.shouldKeepAlive = false;
    const shown = code === "function_error" ? this.#functionError(detail) : detail;
    if (log === null || code === "invalid_json" || code === "invalid_envelope" || code === "function_not_loaded") {
      return sendError(res, id, code, shown);
    }
    const { answer, error } = errorAnswer(id, code, shown);
    sendResult(res, id, answer, error, log, performance.now() - invocation.startedAt);
  }

  #functionError(detail) {
    return this.#settings.development && detail !== "" ? detail : GENERIC_ERROR;
  }
}

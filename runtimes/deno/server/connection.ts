// One client: its requests in the order in which they came, and their answers in the same order.
import { STATUS } from "./contract.ts";
import type { Refusal } from "./control.ts";
import { joined } from "./frames.ts";
import type { Invocation } from "./invocation.ts";
import { isMethodError, type ParserError, RequestParser } from "./parser.ts";
import { Socket } from "./socket.ts";
import { errorBody, httpDate, REASONS } from "./wire.ts";

// So many requests of one client may wait for their answers; then nothing more is read from it.
const PIPELINE = 32;
// A line with a method that the parser doesn't know is held back up to this size, until all of it is there.
const LONGEST_LINE = 16_384;
// The parser knows a list of methods only. A request with another one is given to it again as this one.
const CARRIER = new TextEncoder().encode("POST");
const LINE_BREAK = 10;

const encoder = new TextEncoder();
const CONTINUE = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");
const latin1 = new TextDecoder("latin1");

/** What is done about requests. */
export interface Handler {
  /** The head is there. From now on `exchange` may be answered, and must be at some time. */
  head(exchange: Exchange): void;
  /** Bytes of its body; where nobody wants them they are dropped. */
  body(exchange: Exchange, bytes: Uint8Array): void;
  /** The request is whole. */
  complete(exchange: Exchange): void;
  /** The request is not whole, and what has come of it so far is read. */
  partial(exchange: Exchange): void;
  /** Every answer is to be the last one of its connection. */
  readonly draining: boolean;
}

/** A request and its answer. */
export class Exchange {
  /** The whole request has come. */
  complete = false;
  /** What it is about: an invocation, which wants the body, or a refusal; neither for the runtime's own paths. */
  invocation: Invocation | null = null;
  refusal: { readonly id: string | null } & Refusal | null = null;
  /** The answer, ready to be written when its turn comes. */
  answer: Uint8Array | null = null;
  answered = false;

  constructor(
    readonly connection: Connection,
    readonly method: string,
    readonly target: string,
    readonly headers: readonly string[],
    readonly minor: number,
    public keepAlive: boolean,
  ) {}

  /** Answers: `lines` are whole header lines, each with its line break. Whoever comes too late is not heard. */
  respond(status: number, lines: string, body: Uint8Array): void {
    if (this.answered) return;
    this.answered = true;
    if (this.connection.draining || !this.complete) this.keepAlive = false;
    let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${lines}${httpDate()}`;
    const bodiless = status === 204 || status === 304;
    if (!bodiless) head += `content-length: ${body.length}\r\n`;
    if (!this.keepAlive) head += "connection: close\r\n";
    else if (this.minor === 0) head += "connection: keep-alive\r\n";
    head += "\r\n";
    this.answer = withHead(head, bodiless || this.method === "HEAD" ? null : body);
    this.connection.flush();
  }

  /** Tells a client that asks first to send its body. */
  sendContinue(): void {
    this.connection.sendContinue(this);
  }
}

// Small answers are cut from slabs: memory of its own costs each of them more than its bytes.
const SLAB_BYTES = 65_536;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

function room(length: number): Uint8Array {
  if (length > SLAB_BYTES / 8) return new Uint8Array(length);
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += length;
  return slab.subarray(slabUsed - length, slabUsed);
}

function withHead(head: string, body: Uint8Array | null): Uint8Array {
  const bytes = room(head.length + (body?.length ?? 0));
  const { read, written } = encoder.encodeInto(head, bytes);
  if (read !== head.length || written !== head.length) return joined(encoder.encode(head), body ?? new Uint8Array(0));
  if (body !== null) bytes.set(body, head.length);
  return bytes;
}

export class Connection {
  /** Sweeps since anything came or went. */
  silent = 0;
  /** Sweeps since the head that is being read began. */
  headAge = 0;

  #socket: Socket;
  #handler: Handler;
  #parser: RequestParser;
  #reading: Exchange | null = null;
  #queue: Exchange[] = [];
  /** The beginning of a request line, whose end has not come yet. */
  #held: Uint8Array | null = null;
  /** Bytes of a head have come, and not all of it. */
  #inHead = false;
  #method: string | null = null;
  #upgraded = false;
  #finished = false;
  #paused = false;

  /** Calls `closed` when it is. */
  constructor(connection: Deno.TcpConn, handler: Handler, closed: (connection: Connection) => void) {
    this.#handler = handler;
    this.#parser = this.#newParser();
    this.#socket = new Socket(connection, {
      data: (bytes) => this.#receive(bytes),
      end: () => this.#ended(),
      taken: () => {
        this.silent = 0;
      },
      closed: () => {
        this.#finished = true;
        this.#parser.close();
        closed(this);
      },
    });
  }

  get draining(): boolean {
    return this.#handler.draining;
  }

  /** "idle" between requests, "head" or "body" while one is being read, "busy" while an answer is awaited or written. */
  get phase(): "idle" | "head" | "body" | "busy" | "finished" {
    if (this.#finished) return "finished";
    if (this.#reading !== null) return "body";
    if (this.#inHead || this.#held !== null) return "head";
    return this.#queue.length > 0 || this.unread ? "busy" : "idle";
  }

  /** Whether an answer waits for its reader to take it. */
  get unread(): boolean {
    return this.#socket.unsent > 0;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  sendContinue(exchange: Exchange): void {
    if (this.#queue[0] === exchange && !exchange.answered) {
      this.#socket.write(CONTINUE);
    }
  }

  /** Writes the answers whose turn it is. */
  flush(): void {
    while (this.#queue.length > 0 && this.#queue[0].answer !== null) {
      const { answer, keepAlive } = this.#queue.shift()!;
      if (this.#socket.destroyed) continue;
      this.silent = 0;
      this.#socket.write(answer!);
      if (!keepAlive) {
        this.#finish();
        return;
      }
    }
    if (this.#paused && this.#queue.length < PIPELINE) {
      this.#paused = false;
      this.#socket.resume();
    }
  }

  // What comes in -----------------------------------------------------------------------------------------------------

  #newParser(): RequestParser {
    return new RequestParser({
      begin: () => {
        this.#inHead = true;
        this.headAge = 0;
      },
      head: (method, target, headers, minor, upgrade, keepAlive) => {
        this.#inHead = false;
        this.#upgraded = upgrade;
        const exchange = new Exchange(
          this,
          this.#method ?? method,
          target,
          headers,
          minor,
          // What follows a CONNECT is not HTTP.
          keepAlive && method !== "CONNECT",
        );
        this.#method = null;
        this.#reading = exchange;
        this.#queue.push(exchange);
        this.#handler.head(exchange);
      },
      body: (bytes) => {
        this.#handler.body(this.#reading!, bytes);
      },
      complete: () => {
        const exchange = this.#reading!;
        this.#reading = null;
        exchange.complete = true;
        this.#handler.complete(exchange);
      },
    });
  }

  #receive(bytes: Uint8Array): void {
    // Behind the last request nothing counts; what comes is read so that the last answer is not reset on its way.
    if (this.#finished || (this.#reading === null && this.#queue.at(-1)?.keepAlive === false)) return;
    this.silent = 0;
    if (this.#held === null) {
      if (!this.#inHead) this.headAge = 0;
    } else {
      bytes = joined(this.#held, bytes);
      this.#held = null;
    }
    if (this.#reading === null && !this.#inHead && bytes.length < LONGEST_LINE && bytes.indexOf(LINE_BREAK) < 0) {
      this.#held = bytes.slice();
      return;
    }
    this.#parse(bytes);
    const exchange = this.#reading;
    if (exchange !== null) this.#handler.partial(exchange);
    if (this.#queue.length >= PIPELINE && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  #parse(bytes: Uint8Array): void {
    while (bytes.length > 0 && !this.#finished) {
      const outcome = this.#parser.execute(bytes);
      if (typeof outcome !== "number") {
        const carried = this.#carry(bytes, outcome);
        if (carried === null) return this.#refuse(outcome);
        bytes = carried;
      } else if (!this.#upgraded) {
        return;
      } else {
        // This server takes no upgrade: what follows is the next request.
        this.#upgraded = false;
        this.#renew();
        if (this.#queue.at(-1)?.keepAlive === false) return;
        bytes = bytes.subarray(outcome);
      }
    }
  }

  #renew(): void {
    this.#parser.close();
    this.#parser = this.#newParser();
  }

  /** What to parse in place of a request whose method the parser doesn't know, or null where there is no such thing. */
  #carry(bytes: Uint8Array, error: ParserError): Uint8Array | null {
    const start = error.bytesParsed === 0 ? 0 : bytes.lastIndexOf(LINE_BREAK, error.bytesParsed - 1) + 1;
    const line = latin1.decode(bytes.subarray(start, start + 80));
    const method = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) /.exec(line)?.[1];
    if (method === undefined || !isMethodError(error, method)) return null;
    this.#renew();
    this.#method = method;
    return joined(CARRIER, bytes.subarray(start + method.length));
  }

  /** Answers what the parser could not read; the connection ends with that. */
  #refuse(error: ParserError): void {
    const code = error.code === "HPE_HEADER_OVERFLOW" ? "headers_too_large" : "bad_request";
    const last = this.#queue.at(-1);
    if (this.#reading === null && last !== undefined && !last.keepAlive) return;
    const exchange = this.#reading ?? new Exchange(this, "GET", "", [], 1, false);
    if (this.#reading === null) this.#queue.push(exchange);
    exchange.keepAlive = false;
    exchange.invocation = null;
    this.#reading = null;
    this.#inHead = false;
    const { lines, body } = errorBody(null, code, REFUSED[code]);
    exchange.respond(STATUS[code], lines, body);
  }

  /** The client has said everything. */
  #ended(): void {
    const last = this.#queue.at(-1);
    if (this.#reading !== null) this.#socket.destroy();
    else if (last === undefined) this.#finish();
    else last.keepAlive = false;
  }

  /** Closes when everything is written; what the client still sends is dropped for a moment. */
  #finish(): void {
    this.#finished = true;
    this.#queue = [];
    this.#socket.end();
    this.#socket.resume();
  }
}

const REFUSED = {
  bad_request: "The request is not valid HTTP.",
  headers_too_large: "The headers must not be over 16 KiB or 100 lines.",
};

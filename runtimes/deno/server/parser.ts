// From the bytes of a connection to requests: what llhttp's spans add up to, and limits that it doesn't have itself.
import { LIMIT } from "./contract.ts";
import { type Callbacks, codeName, copy, Llhttp, OK, ROOM, STOPPED, text, UPGRADE } from "./llhttp.ts";

/** What the parser calls while it executes. */
export interface ParserEvents {
  begin(): void;
  /** `keepAlive` and `upgrade` are llhttp's judgement of version and headers. */
  head(method: string, target: string, headers: string[], minor: number, upgrade: boolean, keepAlive: boolean): void;
  body(bytes: Uint8Array): void;
  complete(): void;
}

export interface ParserError {
  readonly code: string;
  /** Where in the bytes of this execution the parser stopped. */
  readonly bytesParsed: number;
}

// The request line counts as well; the limit on the headers alone is judged where there is a request to answer.
const MAXIMUM_HEAD = 2 * LIMIT.headerBytes;
// Extensions of chunks and trailers, which llhttp swallows without an end.
const MAXIMUM_FRAMING = LIMIT.headerBytes;

const OVERFLOW = "HPE_HEADER_OVERFLOW";
const URL_SPAN = 0;
const FIELD_SPAN = 1;
const VALUE_SPAN = 2;

// In the order of their numbers in llhttp.
// deno-fmt-ignore
export const METHODS = [
  "DELETE", "GET", "HEAD", "POST", "PUT", "CONNECT", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND",
  "PROPPATCH", "SEARCH", "UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE",
  "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PATCH", "PURGE", "MKCALENDAR", "LINK", "UNLINK", "SOURCE", "PRI",
  "DESCRIBE", "ANNOUNCE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER", "REDIRECT", "RECORD",
  "FLUSH", "QUERY",
];

// It counts these as well, and takes none of them in a request of HTTP/1.1: PRI begins HTTP/2, the others are RTSP's.
const FOREIGN: ReadonlySet<string> = new Set(METHODS.slice(METHODS.indexOf("PRI"), METHODS.indexOf("QUERY")));
const TAKEN: ReadonlySet<string> = new Set(METHODS).difference(FOREIGN);

/** Whether it may be the method that made the parser stop. */
export function isMethodError({ code }: ParserError, method: string): boolean {
  return (code === "HPE_INVALID_METHOD" || code === "HPE_INVALID_CONSTANT") && !TAKEN.has(method);
}

/** A parser for the requests of one connection. */
export class RequestParser implements Callbacks {
  #llhttp = new Llhttp();
  #events: ParserEvents;
  #inHead = false;
  #inBody = false;
  #target = "";
  #headers: string[] = [];
  /** What of the head has come in the bytes that are being parsed: a start, an end and a kind for each span. */
  #spans: number[] = [];
  /** Bytes of the head, or of what is neither head nor body, before those that are being parsed. */
  #seen = 0;
  #hasBody = false;

  constructor(events: ParserEvents) {
    this.#events = events;
  }

  /** Returns how many bytes it took, fewer than all behind an upgrade, or why it can't go on. */
  execute(bytes: Uint8Array): number | ParserError {
    for (let at = 0; at < bytes.length; at += ROOM) {
      const piece = bytes.length <= ROOM ? bytes : bytes.subarray(at, at + ROOM);
      const wasInHead = this.#inHead;
      this.#hasBody = false;
      const code = this.#llhttp.execute(piece, this);
      if (code === UPGRADE) return at + this.#llhttp.position;
      if (code === STOPPED) return { code: OVERFLOW, bytesParsed: at };
      if (code !== OK) return { code: codeName(code), bytesParsed: at + this.#llhttp.position };
      if (this.#inHead) {
        const length = this.#keep();
        this.#seen += wasInHead ? piece.length : length;
        if (this.#seen > MAXIMUM_HEAD) return { code: OVERFLOW, bytesParsed: at };
      } else if (this.#inBody) {
        this.#seen = this.#hasBody ? 0 : this.#seen + piece.length;
        if (this.#seen > MAXIMUM_FRAMING) return { code: "HPE_CHUNK_EXTENSIONS_OVERFLOW", bytesParsed: at };
      }
    }
    return bytes.length;
  }

  close(): void {
    this.#llhttp.free();
  }

  // What llhttp calls

  begin(): void {
    this.#inHead = true;
    this.#seen = 0;
    this.#spans.length = 0;
    this.#target = "";
    this.#headers = [];
    this.#events.begin();
  }

  url(at: number, length: number): void {
    this.#spans.push(at, at + length, URL_SPAN);
  }

  field(at: number, length: number): void {
    // Those behind a chunked body are nothing that anybody reads.
    if (this.#inHead) this.#spans.push(at, at + length, FIELD_SPAN);
  }

  value(at: number, length: number): void {
    if (this.#inHead) this.#spans.push(at, at + length, VALUE_SPAN);
  }

  head(upgrade: boolean, keepAlive: boolean): boolean {
    if (this.#seen + this.#keep() > MAXIMUM_HEAD) return false;
    this.#inHead = false;
    this.#inBody = true;
    this.#seen = 0;
    const headers = this.#headers;
    for (let index = 1; index < headers.length; index += 2) headers[index] = trimmed(headers[index]);
    const { method, minor } = this.#llhttp;
    this.#events.head(METHODS[method], this.#target, headers, minor, upgrade, keepAlive);
    return true;
  }

  body(at: number, length: number): void {
    this.#hasBody = true;
    this.#events.body(copy(at, length));
  }

  complete(): void {
    this.#inBody = false;
    this.#events.complete();
  }

  /** Makes texts of the spans, as other bytes will take the place of theirs. Returns how many bytes they go over. */
  #keep(): number {
    const spans = this.#spans;
    if (spans.length === 0) return 0;
    const start = spans[0];
    const end = spans[spans.length - 2];
    const head = text(start, end);
    const headers = this.#headers;
    for (let index = 0; index < spans.length; index += 3) {
      const part = head.substring(spans[index] - start, spans[index + 1] - start);
      const kind = spans[index + 2];
      if (kind === URL_SPAN) this.#target += part;
      // Names and values take turns; a part goes on where one of its kind was the last.
      else if ((headers.length % 2 === 0) === (kind === FIELD_SPAN)) headers.push(part);
      else headers[headers.length - 1] += part;
    }
    spans.length = 0;
    return end - start;
  }
}

/** Without the white space behind it, which llhttp takes for a part of the value. */
function trimmed(value: string): string {
  let end = value.length;
  while (end > 0 && (value[end - 1] === " " || value[end - 1] === "\t")) end -= 1;
  return value.substring(0, end);
}

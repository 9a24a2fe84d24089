// The HTTP parser: llhttp, the one of Node.js, which Deno carries compiled in for its node:http.
import { HTTPParser as Native } from "node:_http_common";
import { LIMIT } from "./contract.ts";

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

export interface Parser {
  /** Returns how many bytes it took, fewer than all behind an upgrade, or why it can't go on. */
  execute(bytes: Uint8Array): number | ParserError;
  close(): void;
}

interface NativeParser extends Parser {
  initialize(type: number, resource: object, maximumHead: number, leniency: number): void;
  [callback: number]: (...given: never[]) => unknown;
}

interface NativeParserClass {
  new (): NativeParser;
  readonly REQUEST: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const HTTPParser = Native as unknown as NativeParserClass;

// The request line counts as well; the limit on the headers alone is judged where there is a request to answer.
const MAXIMUM_HEAD = 2 * LIMIT.headerBytes;

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
export function requestParser(events: ParserEvents): Parser {
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {}, MAXIMUM_HEAD, 0);
  let many: string[] | null = null;
  let target = "";
  let inBody = false;
  parser[HTTPParser.kOnMessageBegin] = () => events.begin();
  // More headers than a few come in several calls. Those behind a chunked body are nothing that anybody reads.
  parser[HTTPParser.kOnHeaders] = (headers: string[], url: string) => {
    if (inBody) return;
    many = many === null ? headers : [...many, ...headers];
    target += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    minor: number,
    headers: string[] | null,
    method: number,
    url: string | null,
    _status: unknown,
    _reason: unknown,
    upgrade: boolean,
    keepAlive: boolean,
  ) => {
    const all = many ?? headers ?? [];
    const whole = target + (url ?? "");
    many = null;
    target = "";
    inBody = true;
    events.head(METHODS[method], whole, all, minor, upgrade, keepAlive);
    return 0;
  };
  parser[HTTPParser.kOnBody] = (bytes: Uint8Array) => events.body(bytes);
  parser[HTTPParser.kOnMessageComplete] = () => {
    inBody = false;
    events.complete();
  };
  return parser;
}

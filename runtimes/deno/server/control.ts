// What a request's head tells the runtime itself: one pass over the header lines as they came.
import { type ErrorCode, HEADER, HOP_BY_HOP, INVOCATION_ID, LIMIT, traceIdOf } from "./contract.ts";
import { parseSeconds } from "./settings.ts";

/** A refusal before the function: its code, a message for the caller, and header lines beside the usual. */
export class Refusal {
  constructor(readonly code: ErrorCode, readonly message: string, readonly lines = "") {}
}

/** Header lines as the parser gives them: name, value, name, value; a character for each byte. */
export type RawHeaders = readonly string[];

export interface Control {
  contentType: string | null;
  contentLength: number | null;
  expectsContinue: boolean;
  hosts: number;
  secret: string | null;
  mode: string | null;
  id: string | null;
  timeout: string | null;
  result: string | null;
  trace: string | null;
  bytes: number;
  lines: number;
}

export function readControl(raw: RawHeaders): Control {
  const control: Control = {
    contentType: null,
    contentLength: null,
    expectsContinue: false,
    hosts: 0,
    secret: null,
    mode: null,
    id: null,
    timeout: null,
    result: null,
    trace: null,
    bytes: 0,
    lines: raw.length >> 1,
  };
  for (let index = 0; index < raw.length; index += 2) {
    const value = raw[index + 1];
    control.bytes += raw[index].length + value.length + 4;
    switch (raw[index].toLowerCase()) {
      case "content-type":
        control.contentType ??= value;
        break;
      case "content-length":
        control.contentLength = Number(value);
        break;
      case "expect":
        control.expectsContinue = value.toLowerCase() === "100-continue";
        break;
      case "host":
        control.hosts += 1;
        break;
      // Of repeated fields no single value can be told to be the right one: joined, they match nothing.
      case HEADER.secret:
        control.secret = join(control.secret, value);
        break;
      case HEADER.mode:
        control.mode = join(control.mode, value);
        break;
      case HEADER.invocation:
        control.id = join(control.id, value);
        break;
      case HEADER.timeout:
        control.timeout = join(control.timeout, value);
        break;
      case HEADER.result:
        control.result = join(control.result, value);
        break;
      case HEADER.trace:
        control.trace = join(control.trace, value);
        break;
    }
  }
  return control;
}

function join(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

export function tooLarge(control: Control): boolean {
  return control.bytes > LIMIT.headerBytes || control.lines > LIMIT.headerLines;
}

export function checkId(id: string): Refusal | null {
  if (INVOCATION_ID.test(id)) return null;
  return new Refusal("invalid_header", `${HEADER.invocation} must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-".`);
}

export interface Choices {
  readonly raw: boolean;
  readonly result: boolean;
  readonly timeoutMs: number;
  readonly trace: string | null;
}

/** Checks the rest of the runtime's own headers: the choices of this request, or what is wrong with them. */
export function readChoices(control: Control, settings: { timeoutMs: number }): Choices | Refusal {
  const { mode, result } = control;
  if (mode !== null && mode !== "raw" && mode !== "envelope") {
    return new Refusal("invalid_header", `${HEADER.mode} must be "raw" or "envelope".`);
  }
  if (result !== null && result !== "plain" && result !== "envelope") {
    return new Refusal("invalid_header", `${HEADER.result} must be "envelope" or "plain".`);
  }
  let timeoutMs = settings.timeoutMs;
  if (control.timeout !== null) {
    const seconds = parseSeconds(control.timeout);
    if (seconds === null) {
      return new Refusal("invalid_header", `${HEADER.timeout} must be a positive decimal number of seconds.`);
    }
    timeoutMs = Math.min(timeoutMs, seconds * 1000);
  }
  return {
    raw: mode === "raw",
    result: result === "envelope",
    timeoutMs,
    trace: control.trace === null ? null : traceIdOf(control.trace),
  };
}

/** What the envelope asks of the request line and the content type; null when all is well. */
export function checkEnvelopeRequest(method: string, path: string, contentType: string | null): Refusal | null {
  if (path !== "/") return new Refusal("not_found", "Nothing is here: invocations go to POST /.");
  if (method !== "POST") {
    return new Refusal("method_not_allowed", "Invocations go to POST /.", "allow: POST\r\n");
  }
  if (contentType === null || !/^application\/json[ \t]*(?:;|$)/i.test(contentType)) {
    return new Refusal("unsupported_media_type", "The content type must be application/json.");
  }
  return null;
}

export interface Target {
  readonly path: string;
  readonly query: string;
}

/** Path and query of a request target, cut at the first question mark; an absolute target loses its authority. */
export function splitTarget(target: string): Target {
  const absolute = /^https?:\/\/[^/?]*/i.exec(target);
  const start = absolute === null ? 0 : absolute[0].length;
  const mark = target.indexOf("?", start);
  const path = mark < 0 ? target.slice(start) : target.slice(start, mark);
  return { path: path === "" ? "/" : path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** The head of an invocation in raw mode, as JSON: what the function may see of the HTTP request. */
export function rawHead(method: string, target: Target, raw: RawHeaders): string {
  const named = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index].toLowerCase() !== "connection") continue;
    for (const item of raw[index + 1].split(",")) named.add(item.trim().toLowerCase());
  }
  const headers: [string, string][] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toLowerCase();
    if (HOP_BY_HOP.has(name) || named.has(name) || name.startsWith(HEADER.reservedPrefix)) continue;
    headers.push([name, asText(raw[index + 1])]);
  }
  return JSON.stringify({ headers, method, path: asText(target.path), query: asText(target.query) });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The parser gives a character for each byte; where the bytes are UTF-8, that is what the sender meant. */
function asText(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  try {
    return utf8.decode(Uint8Array.from(latin1, (character) => character.charCodeAt(0)));
  } catch {
    return latin1;
  }
}

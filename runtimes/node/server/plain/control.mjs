// What a request's head tells the runtime itself: one pass over the header lines as they came.
import { traceIdOf } from "../function/trace.mjs";
import { HEADER, HOP_BY_HOP, INVOCATION_ID, LIMIT, STATUS } from "./contract.mjs";
import { parseSeconds } from "./settings.mjs";

/** A refusal before the function: its code, and a message for the caller. */
export class Refusal {
  constructor(code, message, headers = []) {
    this.code = code;
    this.message = message;
    this.headers = headers;
    this.status = STATUS[code];
  }
}

export function readControl(rawHeaders) {
  const control = {
    contentType: null,
    contentLength: null,
    chunked: false,
    expectsContinue: false,
    secret: null,
    mode: null,
    id: null,
    timeout: null,
    result: null,
    trace: null,
    bytes: 0,
    lines: rawHeaders.length >> 1,
  };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    control.bytes += rawHeaders[index].length + value.length + 4;
    switch (rawHeaders[index].toLowerCase()) {
      case "content-type":
        control.contentType ??= value;
        break;
      case "content-length":
        control.contentLength = Number(value);
        break;
      case "transfer-encoding":
        control.chunked = true;
        break;
      case "expect":
        control.expectsContinue = value.toLowerCase() === "100-continue";
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

function join(before, value) {
  return before === null ? value : `${before}, ${value}`;
}

export function tooLarge(control) {
  return control.bytes > LIMIT.headerBytes || control.lines > LIMIT.headerLines;
}

export function checkId(id) {
  if (INVOCATION_ID.test(id)) return null;
  return new Refusal("invalid_header", `${HEADER.invocation} must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-".`);
}

/** Checks the rest of the runtime's own headers; returns a Refusal or the choices of this request. */
export function readChoices(control, settings) {
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
export function checkEnvelopeRequest(method, path, contentType) {
  if (path !== "/") return new Refusal("not_found", "Nothing is here: invocations go to POST /.");
  if (method !== "POST") {
    return new Refusal("method_not_allowed", "Invocations go to POST /.", ["allow", "POST"]);
  }
  if (contentType === "application/json") return null;
  if (contentType === null || !/^application\/json[ \t]*(?:;|$)/i.test(contentType)) {
    return new Refusal("unsupported_media_type", "The content type must be application/json.");
  }
  return null;
}

const ROOT = Object.freeze({ path: "/", query: "" });

/** Path and query of a request target, cut at the first question mark; an absolute target loses its authority. */
export function splitTarget(target) {
  if (target === "/") return ROOT;
  let start = 0;
  const absolute = /^https?:\/\/[^/?]*/i.exec(target);
  if (absolute) start = absolute[0].length;
  const mark = target.indexOf("?", start);
  const path = mark < 0 ? target.slice(start) : target.slice(start, mark);
  return { path: path === "" ? "/" : path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** The head of an invocation in raw mode, as JSON: what the function may see of the HTTP request. */
export function rawHead(method, target, rawHeaders) {
  const named = new Set();
  const headers = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase();
    if (name !== "connection") continue;
    for (const item of rawHeaders[index + 1].split(",")) named.add(item.trim().toLowerCase());
  }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase();
    if (HOP_BY_HOP.has(name) || named.has(name) || name.startsWith(HEADER.reservedPrefix)) continue;
    headers.push([name, asText(rawHeaders[index + 1])]);
  }
  return JSON.stringify({ headers, method, path: asText(target.path), query: asText(target.query) });
}

/** The parser gives bytes as latin1; where they are UTF-8, that is what the sender meant. */
function asText(latin1) {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, "latin1");
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? latin1 : text;
}

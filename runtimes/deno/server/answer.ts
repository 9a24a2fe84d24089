// From an answer, or an error of the runtime, to what goes out.
import type { Exchange } from "./connection.ts";
import { type ErrorCode, HEADER, HOP_BY_HOP, STATUS } from "./contract.ts";
import { readU16, readU32 } from "./frames.ts";
import type { ResultLog } from "./logs.ts";
import { errorBody, JSON_TYPE } from "./wire.ts";

/** What a function answered, as its frame carries it. */
export interface Answer {
  readonly status: number;
  /** 0 only what the headers say, 1 text, 2 bytes, 3 JSON. */
  readonly type: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

const TYPES = ["", "text/plain; charset=utf-8", "application/octet-stream", JSON_TYPE];
const NO_HEADERS: Answer["headers"] = [];
const NO_BODY = new Uint8Array(0);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The parts of an answer frame, or null where they can't go out: a function that writes frames itself can make such. */
export function readAnswer(bytes: Uint8Array): Answer | null {
  const status = readU16(bytes, 0);
  const type = bytes[2];
  const length = readU32(bytes, 3);
  if (status < 200 || status > 599 || type >= TYPES.length || 7 + length > bytes.length) return null;
  const body = bytes.subarray(7 + length);
  if (length === 0) return { status, type, headers: NO_HEADERS, body };
  try {
    const headers = JSON.parse(decoder.decode(bytes.subarray(7, 7 + length)));
    return areHeaders(headers) ? { status, type, headers, body } : null;
  } catch {
    return null;
  }
}

function areHeaders(headers: unknown): headers is Answer["headers"] {
  if (!Array.isArray(headers)) return false;
  return headers.every((header) =>
    Array.isArray(header) && typeof header[0] === "string" && typeof header[1] === "string" &&
    // deno-lint-ignore no-control-regex -- control characters are what must not get out
    TOKEN.test(header[0]) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(header[1])
  );
}

/** Sends the answer of a function. */
export function sendAnswer(exchange: Exchange, id: string, { status, type, headers, body }: Answer): void {
  const own = headers.length === 0
    ? `content-type: ${TYPES[type]}\r\n`
    : functionFields(headers, type).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  exchange.respond(status, `${own}${HEADER.invocation}: ${id}\r\n`, body);
}

/** Sends one of the runtime's own errors. `id` is null where the request was refused before it had one. */
export function sendError(exchange: Exchange, id: string | null, code: ErrorCode, message: string, more = ""): void {
  const { lines, body } = errorBody(id, code, message);
  exchange.respond(STATUS[code], more + lines, body);
}

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  exchange.respond(status, `content-type: ${JSON_TYPE}\r\n`, encoder.encode(JSON.stringify(value)));
}

/** Sends the result envelope of a function's answer. */
export function sendResult(exchange: Exchange, id: string, answer: Answer, log: ResultLog, milliseconds: number): void {
  const { status, type, headers } = answer;
  const body = status === 204 || status === 304 ? NO_BODY : answer.body;
  sendEnvelope(exchange, id, status, functionFields(headers, type), body, null, log, milliseconds);
}

/** Sends the result envelope of an invocation that the runtime answers for. */
export function sendErrorResult(
  exchange: Exchange,
  id: string,
  code: ErrorCode,
  message: string,
  log: ResultLog,
  milliseconds: number,
): void {
  const error = { code, message, invocation: id };
  const body = encoder.encode(JSON.stringify({ error }));
  sendEnvelope(exchange, id, STATUS[code], [["content-type", JSON_TYPE]], body, error, log, milliseconds);
}

function sendEnvelope(
  exchange: Exchange,
  id: string,
  status: number,
  fields: [string, string][],
  sent: Uint8Array,
  error: object | null,
  log: ResultLog,
  milliseconds: number,
): void {
  const headers: Record<string, string[]> = Object.create(null);
  for (const [name, value] of fields) (headers[name.toLowerCase()] ??= []).push(value);
  const result = {
    status,
    headers,
    ...bodyText(sent),
    logs: log.lines,
    truncated: log.truncated,
    error,
    duration_ms: Math.round(milliseconds * 1000) / 1000,
  };
  const lines = `content-type: ${JSON_TYPE}\r\n${HEADER.invocation}: ${id}\r\n`;
  exchange.respond(200, lines, encoder.encode(JSON.stringify(result)));
}

function bodyText(bytes: Uint8Array): { body: string; encoding: "utf-8" | "base64" } {
  try {
    return { body: strictDecoder.decode(bytes), encoding: "utf-8" };
  } catch {
    return { body: bytes.toBase64(), encoding: "base64" };
  }
}

/** The function's headers less those that are the runtime's business, with a content type. */
function functionFields(headers: Answer["headers"], type: number): [string, string][] {
  const fields: [string, string][] = [];
  let typed = type === 0;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === "content-length" || HOP_BY_HOP.has(lower) || lower.startsWith(HEADER.reservedPrefix)) continue;
    if (lower === "content-type") {
      if (typed && type !== 0) continue;
      typed = true;
    }
    fields.push([name, value]);
  }
  if (!typed) fields.push(["content-type", TYPES[type]]);
  return fields;
}

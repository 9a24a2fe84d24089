// From the bytes of an invocation to the request that the function gets.
import { readF64, readU32 } from "./frames.ts";

const { parse } = JSON;
const { fromCharCode } = String;
const { decode } = TextDecoder.prototype;
const { encode } = TextEncoder.prototype;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);
// Levels of a document. What is much deeper can be read, but not written again: that takes stack.
const DEEPEST = 1000;

/** What is wrong with the request: the caller gets the code and the message. */
export class RequestError extends Error {
  constructor(readonly code: "invalid_json" | "invalid_envelope", message: string) {
    super(message);
  }
}

export type Strings = Record<string, string>;

/** What an envelope, or a request in raw mode, says. */
export interface Fields {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Strings;
  readonly env: Strings | null;
  readonly payload: unknown;
  /** The bytes, or the text whose bytes they are. */
  readonly body: Uint8Array | string;
}

/** The request of an invocation. What costs something and is seldom asked for is made when it is. */
export class Request {
  method: string;
  path: string;
  headers: Strings;
  payload: unknown;
  // Own members, so that a function may take them out: const { log } = req.
  log: (message: unknown) => void;
  error: (message: unknown) => void;

  #fields: Fields;
  #deadline: number;
  #baseEnv: Strings;
  #env: Strings | null = null;
  #query: Record<string, string[]> | null = null;
  #body: Uint8Array | null = null;

  constructor(
    readonly id: string,
    deadline: number,
    fields: Fields,
    baseEnv: Strings,
    speak: (level: 0 | 1, message: unknown) => void,
  ) {
    this.method = fields.method;
    this.path = fields.path;
    this.headers = fields.headers;
    this.payload = fields.payload;
    this.log = (message) => speak(0, message);
    this.error = (message) => speak(1, message);
    this.#fields = fields;
    this.#deadline = deadline;
    this.#baseEnv = baseEnv;
  }

  /** When the runtime gives up waiting. */
  get deadline(): Date {
    return new Date(this.#deadline);
  }

  /** The container's variables, overlaid with those of this invocation. */
  get env(): Strings {
    return this.#env ??= { ...this.#baseEnv, ...this.#fields.env };
  }

  set env(env: Strings) {
    this.#env = env;
  }

  /** Names to lists of values, decoded. */
  get query(): Record<string, string[]> {
    return this.#query ??= decodeQuery(this.#fields.query);
  }

  /** The exact bytes in raw mode; under the envelope the UTF-8 of a payload that is a string. */
  get body(): Uint8Array {
    const { body } = this.#fields;
    return this.#body ??= typeof body === "string" ? encode.call(encoder, body) : body;
  }
}

/** The parts of an invoke frame. */
export interface RawInvocation {
  readonly raw: boolean;
  readonly deadline: number;
  readonly id: string;
  readonly head: string;
  readonly body: Uint8Array;
}

export function readInvocation(bytes: Uint8Array): RawInvocation {
  const idEnd = 10 + bytes[9];
  const headEnd = idEnd + 4 + readU32(bytes, idEnd);
  return {
    raw: bytes[0] === 1,
    deadline: readF64(bytes, 1),
    id: ascii(bytes, 10, idEnd),
    head: headEnd === idEnd + 4 ? "" : decode.call(lenient, bytes.subarray(idEnd + 4, headEnd)),
    body: bytes.subarray(headEnd),
  };
}

/** Short texts cost a decoder more than this. */
function ascii(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 1) text += fromCharCode(bytes[at]);
  return text;
}

/** The fields of an envelope; throws a RequestError that names the member at fault. */
export function readEnvelope(body: Uint8Array): Fields {
  const envelope = parseJson(body);
  if (typeof envelope !== "object" || envelope === null || Array.isArray(envelope)) {
    throw new RequestError("invalid_envelope", "The body must be a JSON object.");
  }
  const own = (name: string): unknown =>
    Object.hasOwn(envelope, name) ? (envelope as Record<string, unknown>)[name] : undefined;
  const payload = own("payload") ?? null;
  const headers = own("headers");
  const env = own("env");
  return {
    method: string("method", own("method"), "POST"),
    path: string("path", own("path"), "/"),
    query: string("query", own("query"), ""),
    headers: joinHeaders(headers === undefined ? [] : Object.entries(strings("headers", headers))),
    env: env === undefined ? null : strings("env", env),
    payload,
    body: typeof payload === "string" ? payload : NO_BYTES,
  };
}

/** The fields of a request in raw mode. */
export function readRaw(head: string, body: Uint8Array): Fields {
  const { headers, method, path, query } = parse(head);
  const joined = joinHeaders(headers);
  // A copy: what comes next is read into the same memory.
  return { body: body.slice(), env: null, headers: joined, method, path, payload: readPayload(joined, body), query };
}

function readPayload(headers: Strings, body: Uint8Array): unknown {
  const type = (headers["content-type"] ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json" || /^[^/]+\/[^/]+\+json$/.test(type)) {
    return body.length === 0 ? null : parseJson(body);
  }
  return type.startsWith("text/") ? decode.call(lenient, body) : null;
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decode.call(lenient, bytes);
    // The decoder that refuses costs more: it is asked where something may have been replaced.
    if (text.includes("\ufffd")) text = decode.call(strict, bytes);
  } catch {
    throw new RequestError("invalid_json", "The body is not UTF-8.");
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new RequestError("invalid_json", `The body is not JSON: ${(error as Error).message}`);
  }
  if (count(text, "[") + count(text, "{") > DEEPEST && isTooDeep(value)) {
    throw new RequestError("invalid_json", `The body is nested more than ${DEEPEST} levels deep.`);
  }
  return value;
}

/** How often a character is there, up to one more than DEEPEST: most documents haven't as many brackets. */
function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0 && found <= DEEPEST; at = text.indexOf(character, at + 1)) found += 1;
  return found;
}

function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    const next: unknown[] = [];
    for (const one of level) {
      for (const member of Object.values(one as object)) {
        if (typeof member === "object" && member !== null) next.push(member);
      }
    }
    level = next;
  }
  return false;
}

function string(name: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value !== "string") throw new RequestError("invalid_envelope", `${name} must be a string.`);
  return value;
}

function strings(name: string, value: unknown): Strings {
  if (
    typeof value !== "object" || value === null || Array.isArray(value) ||
    !Object.values(value).every((member) => typeof member === "string")
  ) throw new RequestError("invalid_envelope", `${name} must be an object of strings.`);
  return value as Strings;
}

/** Lower-case names; several fields of a name become one, as HTTP says. */
function joinHeaders(entries: [string, string][]): Strings {
  // Without a prototype, a header may be called anything.
  const headers: Strings = Object.create(null);
  for (const [given, value] of entries) {
    const name = given.toLowerCase();
    if (name === "x-runtime-secret") continue;
    headers[name] = name in headers ? headers[name] + (name === "cookie" ? "; " : ", ") + value : value;
  }
  return headers;
}

function decodeQuery(query: string): Record<string, string[]> {
  const values: Record<string, string[]> = Object.create(null);
  if (query === "") return values;
  // The leading & keeps a question mark that belongs to the first name.
  for (const [name, value] of new URLSearchParams(`&${query}`)) (values[name] ??= []).push(value);
  return values;
}

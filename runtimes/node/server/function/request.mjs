// From the bytes of an invocation to the request that the function gets.
import { isUtf8 } from "node:buffer";
import { READ_BYTES } from "./frames.mjs";

const { parse } = JSON;
const { hasOwn } = Object;
const baseEnv = { ...process.env };
// Levels of a document. What is much deeper can be read, but not written again: that takes stack.
const DEEPEST = 1000;

/** What is wrong with the request: the caller gets the code and the message. */
export class RequestError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The request of an invocation. What costs something and is seldom asked for is made when it is. */
export class Request {
  #fields;
  #deadline;
  #env = null;
  #query = null;
  #body = null;

  constructor(id, deadline, fields, speak) {
    this.id = id;
    this.method = fields.method;
    this.path = fields.path;
    this.headers = fields.headers;
    this.payload = fields.payload;
    // Own members, so that a function may take them out: const { log } = req.
    this.log = (message) => speak(0, message);
    this.error = (message) => speak(1, message);
    this.#fields = fields;
    this.#deadline = deadline;
  }

  /** When the runtime gives up waiting. */
  get deadline() {
    return new Date(this.#deadline);
  }

  /** The container's variables, overlaid with those of this invocation. */
  get env() {
    this.#env ??= { ...baseEnv, ...this.#fields.env };
    return this.#env;
  }

  set env(env) {
    this.#env = env;
  }

  /** Names to lists of values, decoded. */
  get query() {
    this.#query ??= decodeQuery(this.#fields.query);
    return this.#query;
  }

  /** The exact bytes in raw mode; under the envelope the UTF-8 of a payload that is a string. */
  get body() {
    const { body } = this.#fields;
    this.#body ??= typeof body === "string" ? Buffer.from(body) : body;
    return this.#body;
  }
}

/** The parts of an invoke frame that come before the body. */
export function readInvocation(buffer, start) {
  const idEnd = start + 10 + buffer[start + 9];
  const headEnd = idEnd + 4 + buffer.readUInt32BE(idEnd);
  return {
    bodyStart: headEnd,
    deadline: buffer.readDoubleBE(start + 1),
    head: headEnd === idEnd + 4 ? "" : buffer.utf8Slice(idEnd + 4, headEnd),
    id: buffer.latin1Slice(start + 10, idEnd),
    raw: buffer[start] === 1,
  };
}

/** The fields of an envelope; throws a RequestError that names the member at fault. */
export function readEnvelope(buffer, start, end) {
  const envelope = parseJson(buffer, start, end);
  if (typeof envelope !== "object" || envelope === null || Array.isArray(envelope)) {
    throw new RequestError("invalid_envelope", "The body must be a JSON object.");
  }
  const payload = hasOwn(envelope, "payload") ? envelope.payload : null;
  return {
    body: typeof payload === "string" ? payload : "",
    env: hasOwn(envelope, "env") ? strings("env", envelope.env) : null,
    headers: joinHeaders(hasOwn(envelope, "headers") ? Object.entries(strings("headers", envelope.headers)) : []),
    method: hasOwn(envelope, "method") ? string("method", envelope.method) : "POST",
    path: hasOwn(envelope, "path") ? string("path", envelope.path) : "/",
    payload,
    query: hasOwn(envelope, "query") ? string("query", envelope.query) : "",
  };
}

/** The fields of a request in raw mode. */
export function readRaw(head, buffer, start, end) {
  const { headers, method, path, query } = parse(head);
  const joined = joinHeaders(headers);
  const payload = readPayload(joined, buffer, start, end);
  const bytes = buffer.subarray(start, end);
  // What comes next is read into the same memory, unless there was no room in it for this one.
  const body = bytes.length < READ_BYTES ? Buffer.from(bytes) : bytes;
  return { body, env: null, headers: joined, method, path, payload, query };
}

function readPayload(headers, buffer, start, end) {
  const type = (headers["content-type"] ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json" || /^[^/]+\/[^/]+\+json$/.test(type)) {
    return start === end ? null : parseJson(buffer, start, end);
  }
  return type.startsWith("text/") ? buffer.utf8Slice(start, end) : null;
}

function parseJson(buffer, start, end) {
  const text = buffer.utf8Slice(start, end);
  // Where something may have been replaced, it is asked for.
  if (text.includes("\ufffd") && !isUtf8(buffer.subarray(start, end))) {
    throw new RequestError("invalid_json", "The body is not UTF-8.");
  }
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new RequestError("invalid_json", `The body is not JSON: ${error.message}`);
  }
  if (count(text, "[") + count(text, "{") > DEEPEST && isTooDeep(value)) {
    throw new RequestError("invalid_json", `The body is nested more than ${DEEPEST} levels deep.`);
  }
  return value;
}

/** How often a character is there, up to one more than DEEPEST: most documents haven't as many brackets. */
function count(text, character) {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0 && found <= DEEPEST; at = text.indexOf(character, at + 1)) found += 1;
  return found;
}

function isTooDeep(value) {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    const next = [];
    for (const one of level) {
      for (const member of Object.values(one)) if (typeof member === "object" && member !== null) next.push(member);
    }
    level = next;
  }
  return false;
}

function string(name, value) {
  if (typeof value !== "string") throw new RequestError("invalid_envelope", `${name} must be a string.`);
  return value;
}

function strings(name, value) {
  let valid = typeof value === "object" && value !== null && !Array.isArray(value);
  if (valid) for (const member of Object.values(value)) valid &&= typeof member === "string";
  if (!valid) throw new RequestError("invalid_envelope", `${name} must be an object of strings.`);
  return value;
}

/** Lower-case names; several fields of a name become one, as HTTP says. */
function joinHeaders(entries) {
  // Without a prototype, a header may be called anything.
  const headers = Object.create(null);
  for (const [given, value] of entries) {
    const name = given.toLowerCase();
    if (name === "x-runtime-secret") continue;
    headers[name] = name in headers ? headers[name] + (name === "cookie" ? "; " : ", ") + value : value;
  }
  return headers;
}

function decodeQuery(query) {
  const values = Object.create(null);
  if (query === "") return values;
  // The leading & keeps a question mark that belongs to the first name.
  for (const [name, value] of new URLSearchParams(`&${query}`)) {
    values[name] ??= [];
    values[name].push(value);
  }
  return values;
}

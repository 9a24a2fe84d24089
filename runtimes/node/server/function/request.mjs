// From the bytes of an invocation to the request that the function gets.
import { isUtf8 } from "node:buffer";

const { parse } = JSON;
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

/**
 * The request of an invocation. What costs something and is seldom asked for is made when it is: the decoded query, the
 * bytes of a payload.
 */
export class Request {
  #rawQuery;
  #query;
  #body;
  #speak;

  constructor(id, deadline, fields, speak) {
    this.id = id;
    this.deadline = new Date(deadline);
    this.method = fields.method;
    this.path = fields.path;
    this.headers = fields.headers;
    this.env = fields.env;
    this.payload = fields.payload;
    this.#rawQuery = fields.query;
    this.#body = fields.body;
    this.#speak = speak;
    // Own members, so that a function may take them out: const { log } = req.
    this.log = (message) => this.#speak(0, message);
    this.error = (message) => this.#speak(1, message);
  }

  /** Names to lists of values, decoded. */
  get query() {
    this.#query ??= decodeQuery(this.#rawQuery);
    return this.#query;
  }

  /** The exact bytes in raw mode; under the envelope the UTF-8 of a payload that is a string. */
  get body() {
    if (typeof this.#body === "string") this.#body = Buffer.from(this.#body);
    return this.#body;
  }
}

/** The parts of an invoke frame. */
export function readInvocation(bytes) {
  const idEnd = 10 + bytes[9];
  const headEnd = idEnd + 4 + bytes.readUInt32BE(idEnd);
  return {
    body: bytes.subarray(headEnd),
    deadline: bytes.readDoubleBE(1),
    head: headEnd === idEnd + 4 ? null : bytes.utf8Slice(idEnd + 4, headEnd),
    id: bytes.latin1Slice(10, idEnd),
    raw: bytes[0] === 1,
  };
}

/** The fields of an envelope; throws a RequestError that names the member at fault. */
export function readEnvelope(body) {
  const envelope = parseJson(body);
  if (typeof envelope !== "object" || envelope === null || Array.isArray(envelope)) {
    throw new RequestError("invalid_envelope", "The body must be a JSON object.");
  }
  const own = (name, fallback) => (Object.hasOwn(envelope, name) ? envelope[name] : fallback);
  const payload = own("payload", null);
  return {
    body: typeof payload === "string" ? payload : Buffer.alloc(0),
    env: { ...baseEnv, ...strings("env", own("env", {})) },
    headers: joinHeaders(Object.entries(strings("headers", own("headers", {})))),
    method: string("method", own("method", "POST")),
    path: string("path", own("path", "/")),
    payload,
    query: string("query", own("query", "")),
  };
}

/** The fields of a request in raw mode. */
export function readRaw(head, body) {
  const { headers, method, path, query } = parse(head);
  const joined = joinHeaders(headers);
  return { body, env: { ...baseEnv }, headers: joined, method, path, payload: readPayload(joined, body), query };
}

function readPayload(headers, body) {
  const type = (headers["content-type"] ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type === "application/json" || /^[^/]+\/[^/]+\+json$/.test(type)) {
    return body.length === 0 ? null : parseJson(body);
  }
  return type.startsWith("text/") ? body.utf8Slice() : null;
}

function parseJson(bytes) {
  if (!isUtf8(bytes)) throw new RequestError("invalid_json", "The body is not UTF-8.");
  const text = bytes.utf8Slice();
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

// From an answer, or an error of the runtime, to what goes out.

import { isUtf8 } from "node:buffer";
import { HEADER, HOP_BY_HOP, STATUS } from "./contract.mjs";

const TYPES = [null, "text/plain; charset=utf-8", "application/octet-stream", "application/json"];
const JSON_TYPE = TYPES[3];
// Up to this size head and body go out as one string, which the HTTP library writes at once.
const ONE_STRING_BYTES = 16_384;

/** Writes the answer of a function. `headers` is a list of [name, value] or null. */
export function sendAnswer(res, id, { status, type, headers, body }) {
  const fields = functionFields(headers, type);
  if (status !== 204 && status !== 304) fields.push("content-length", body.length);
  fields.push(HEADER.invocation, id);
  send(res, status, fields, body);
}

/** Writes one of the runtime's own errors. `id` is null where the request was refused before it had one. */
export function sendError(res, id, code, message, more = []) {
  const body = Buffer.from(JSON.stringify({ error: { code, message, invocation: id } }));
  const fields = ["content-type", JSON_TYPE, "content-length", body.length, HEADER.error, code];
  if (id !== null) fields.push(HEADER.invocation, id);
  if (code === "overloaded") fields.push("retry-after", "1");
  fields.push(...more);
  send(res, STATUS[code], fields, body);
}

/** Writes the result envelope of a function's answer or of an error in its place. */
export function sendResult(res, id, answer, error, log, milliseconds) {
  const { status, type, headers, body } = answer;
  const named = Object.create(null);
  const fields = functionFields(headers, type);
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index].toLowerCase();
    named[name] ??= [];
    named[name].push(Buffer.from(fields[index + 1], "latin1").toString("utf8"));
  }
  const sent = status === 204 || status === 304 ? Buffer.alloc(0) : body;
  const text = isUtf8(sent);
  const bytes = Buffer.from(
    JSON.stringify({
      status,
      headers: named,
      body: sent.toString(text ? "utf8" : "base64"),
      encoding: text ? "utf-8" : "base64",
      logs: log.lines,
      truncated: log.truncated,
      error,
      duration_ms: Math.round(milliseconds * 1000) / 1000,
    }),
  );
  send(res, 200, ["content-type", JSON_TYPE, "content-length", bytes.length, HEADER.invocation, id], bytes);
}

export function sendJson(res, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  send(res, status, ["content-type", JSON_TYPE, "content-length", body.length], body);
}

/** An error of the runtime as an answer, for the result envelope. */
export function errorAnswer(id, code, message) {
  const error = { code, message, invocation: id };
  return {
    error,
    answer: { status: STATUS[code], type: 3, headers: null, body: Buffer.from(JSON.stringify({ error })) },
  };
}

/** The function's headers less those that are the runtime's business, as the flat list that node:http takes. */
function functionFields(headers, type) {
  if (headers === null) return type === 0 ? [] : ["content-type", TYPES[type]];
  const fields = [];
  let typed = type === 0;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === "content-length" || HOP_BY_HOP.has(lower) || lower.startsWith(HEADER.reservedPrefix)) continue;
    if (lower === "content-type") {
      if (typed && type !== 0) continue;
      typed = true;
    }
    // node:http writes header strings as latin1: this way the bytes on the wire are the UTF-8 of the function's value.
    fields.push(name, Buffer.from(value).latin1Slice());
  }
  if (!typed) fields.push("content-type", TYPES[type]);
  return fields;
}

function send(res, status, fields, body) {
  if (res.destroyed || res.headersSent) return;
  res.writeHead(status, fields);
  if (body.length <= ONE_STRING_BYTES) res.end(body.latin1Slice(), "latin1");
  else res.end(body);
}

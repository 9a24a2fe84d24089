// From what the function answers to the bytes of an answer.
import { FRAME_START, frame, KIND } from "../frames.mjs";

const { stringify } = JSON;
const { byteLength } = Buffer;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a header
const NOT_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;
const TYPE = { none: 0, text: 1, bytes: 2, json: 3 };

/** What the function's answer can't be; the caller gets the message. */
export class ResponseError extends Error {}

export class Response {
  #answer = null;
  #closed = false;

  /** Answers with a text or with bytes. */
  send(body = "", status = 200, headers = undefined) {
    this.#keep(() => {
      if (typeof body === "string") return { body, headers, status, type: TYPE.text };
      if (body instanceof ArrayBuffer) return { body: new Uint8Array(body), headers, status, type: TYPE.bytes };
      if (ArrayBuffer.isView(body)) {
        const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
        return { body: bytes, headers, status, type: TYPE.bytes };
      }
      throw new ResponseError("send takes a string or bytes");
    });
  }

  /** Answers with a value as JSON. */
  json(value, status = 200, headers = undefined) {
    this.#keep(() => ({ body: toJson(value), headers, status, type: TYPE.json }));
  }

  #keep(make) {
    if (this.#closed) throw new Error("the invocation has ended: there is nobody to answer");
    if (this.#answer !== null) throw new Error("the function has answered already: the first answer stands");
    try {
      const { body, headers, status, type } = make();
      if (!Number.isInteger(status) || status < 200 || status > 599) {
        throw new ResponseError(`the status must be a whole number from 200 to 599, not ${String(status)}`);
      }
      const list = headers === undefined || headers === null ? null : headerList(headers);
      // Bytes are copied: the function may write over them.
      this.#answer = { body: typeof body === "string" ? body : Buffer.from(body), list, status, type };
    } catch (error) {
      this.#answer = error instanceof ResponseError ? error : new ResponseError(String(error));
    }
  }

  static answered(response) {
    return response.#answer !== null;
  }

  /** Ends the response: the answer, a ResponseError where it can't be sent, null where there is none. */
  static close(response) {
    response.#closed = true;
    return response.#answer;
  }
}

/** The frame of an answer. */
export function answerFrame(number, { body, list, status, type }) {
  const head = list === null ? "" : stringify(list);
  const headLength = byteLength(head);
  const text = typeof body === "string";
  const bodyLength = text ? byteLength(body) : body.length;
  const bytes = frame(KIND.answer, number, 7 + headLength + bodyLength);
  let at = FRAME_START;
  at = bytes.writeUInt16BE(status, at);
  at = bytes.writeUInt8(type, at);
  at = bytes.writeUInt32BE(headLength, at);
  if (headLength > 0) at += bytes.utf8Write(head, at);
  if (text) bytes.utf8Write(body, at);
  else bytes.set(body, at);
  return bytes;
}

function headerList(headers) {
  if (typeof headers !== "object") throw new ResponseError("the headers must be an object");
  const list = [];
  const entries = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  for (const [name, value] of entries) {
    if (!TOKEN.test(name)) throw new ResponseError(`${stringify(name)} is no header name`);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item !== "string" && typeof item !== "number") {
        throw new ResponseError(`the value of header ${name} must be a string or a list of strings`);
      }
      const text = String(item);
      if (NOT_A_VALUE.test(text)) throw new ResponseError(`the value of header ${name} holds a control character`);
      list.push([name, text]);
    }
  }
  return list;
}

function toJson(value) {
  let text;
  try {
    text = stringify(value);
    checkHeld(value);
  } catch (error) {
    throw new ResponseError(`the value can't be held by JSON: ${error.message}`);
  }
  if (text === undefined) throw new ResponseError(`the value can't be held by JSON: it is ${typeof value}`);
  return text;
}

/** JSON.stringify makes null of a number that JSON lacks, and leaves functions out: both would be lost in silence. */
function checkHeld(value) {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new ResponseError(`it holds ${value}`);
  } else if (typeof value === "function" || typeof value === "symbol") {
    throw new ResponseError(`it holds a ${typeof value}`);
  } else if (Array.isArray(value)) {
    for (const item of value) checkHeld(item);
  } else if (typeof value === "object" && value !== null && typeof value.toJSON !== "function") {
    for (const name of Object.keys(value)) checkHeld(value[name]);
  }
}

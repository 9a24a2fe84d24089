// What the function answers, checked as soon as it does.
const { stringify } = JSON;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a header
const NOT_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;
/** How an answer frame names what the body is. */
const TYPE = { text: 1, bytes: 2, json: 3 };

/** What the function's answer can't be; the caller gets the message. */
export class ResponseError extends Error {}

export class Response {
  #answer = null;
  #closed = false;

  /** Answers with a text or with bytes. */
  send(body = "", status = 200, headers = undefined) {
    this.#check();
    if (typeof body === "string") this.#keep(body, TYPE.text, status, headers);
    // Bytes are copied: the function may write over them.
    else if (body instanceof ArrayBuffer) this.#keep(Buffer.from(body.slice()), TYPE.bytes, status, headers);
    else if (ArrayBuffer.isView(body)) {
      const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
      this.#keep(Buffer.from(bytes), TYPE.bytes, status, headers);
    } else this.#answer = new ResponseError("send takes a string or bytes");
  }

  /** Answers with a value as JSON. */
  json(value, status = 200, headers = undefined) {
    this.#check();
    try {
      this.#keep(toJson(value), TYPE.json, status, headers);
    } catch (error) {
      this.#answer = asResponseError(error);
    }
  }

  #check() {
    if (this.#closed) throw new Error("the invocation has ended: there is nobody to answer");
    if (this.#answer !== null) throw new Error("the function has answered already: the first answer stands");
  }

  #keep(body, type, status, headers) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      this.#answer = new ResponseError(`the status must be a whole number from 200 to 599, not ${String(status)}`);
      return;
    }
    try {
      const list = headers === undefined || headers === null ? null : headerList(headers);
      this.#answer = { body, list, status, type };
    } catch (error) {
      this.#answer = asResponseError(error);
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

function asResponseError(error) {
  return error instanceof ResponseError ? error : new ResponseError(String(error));
}

function headerList(headers) {
  if (typeof headers !== "object") throw new ResponseError("the headers must be an object");
  const list = [];
  // Headers, a Map and a list of pairs are such entries themselves.
  const entries = typeof headers[Symbol.iterator] === "function" ? headers : Object.entries(headers);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) throw new ResponseError("a header must be a name and a value");
    const [name, value] = entry;
    if (typeof name !== "string" || !TOKEN.test(name)) throw new ResponseError(`${show(name)} is no header name`);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item !== "string" && typeof item !== "number") {
        throw new ResponseError(`the value of header ${name} must be a string or a list of strings`);
      }
      const text = String(item);
      if (NOT_A_VALUE.test(text)) throw new ResponseError(`the value of header ${name} holds a control character`);
      // What UTF-8 can't say would have the server read none of it.
      list.push([name, text.toWellFormed()]);
    }
  }
  return list;
}

function show(name) {
  return typeof name === "string" ? stringify(name) : `a ${typeof name}`;
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

// What the function answers, checked as soon as it does.

const { stringify } = JSON;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// deno-lint-ignore no-control-regex -- control characters are what must not be in a header
const NOT_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** How an answer frame names what the body is. */
const TYPE = { text: 1, bytes: 2, json: 3 } as const;

/** What the function's answer can't be; the caller gets the message. */
export class ResponseError extends Error {}

export interface Answer {
  readonly status: number;
  readonly type: number;
  readonly headers: [string, string][] | null;
  readonly body: string | Uint8Array;
}

type Value = string | number | readonly (string | number)[];
type HeadersGiven = Record<string, Value> | Iterable<readonly [name: string, value: Value]> | null;

export class Response {
  #answer: Answer | ResponseError | null = null;
  #closed = false;

  /** Answers with a text or with bytes. */
  send(body: string | ArrayBufferView | ArrayBuffer = "", status = 200, headers: HeadersGiven = null): void {
    this.#check();
    if (typeof body === "string") this.#keep(body, TYPE.text, status, headers);
    else if (body instanceof ArrayBuffer) this.#keep(new Uint8Array(body.slice()), TYPE.bytes, status, headers);
    else if (ArrayBuffer.isView(body)) {
      // A copy: the function may write over its bytes.
      const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
      this.#keep(bytes, TYPE.bytes, status, headers);
    } else this.#answer = new ResponseError("send takes a string or bytes");
  }

  /** Answers with a value as JSON. */
  json(value: unknown, status = 200, headers: HeadersGiven = null): void {
    this.#check();
    try {
      this.#keep(toJson(value), TYPE.json, status, headers);
    } catch (error) {
      this.#answer = new ResponseError((error as Error).message);
    }
  }

  #check(): void {
    if (this.#closed) throw new Error("the invocation has ended: there is nobody to answer");
    if (this.#answer !== null) throw new Error("the function has answered already: the first answer stands");
  }

  #keep(body: string | Uint8Array, type: number, status: number, headers: HeadersGiven): void {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      this.#answer = new ResponseError(`the status must be a whole number from 200 to 599, not ${String(status)}`);
      return;
    }
    try {
      this.#answer = { body, headers: headers === null ? null : headerList(headers), status, type };
    } catch (error) {
      this.#answer = new ResponseError((error as Error).message);
    }
  }

  static answered(response: Response): boolean {
    return response.#answer !== null;
  }

  /** Ends the response: the answer, a ResponseError where it can't be sent, null where there is none. */
  static close(response: Response): Answer | ResponseError | null {
    response.#closed = true;
    return response.#answer;
  }
}

function headerList(headers: NonNullable<HeadersGiven>): [string, string][] {
  if (typeof headers !== "object") throw new Error("the headers must be an object");
  const list: [string, string][] = [];
  // Headers, a Map and a list of pairs are such entries themselves.
  const entries: Iterable<unknown> = isIterable(headers) ? headers : Object.entries(headers);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) throw new Error("a header must be a name and a value");
    const [name, value] = entry;
    if (typeof name !== "string" || !TOKEN.test(name)) throw new Error(`${show(name)} is no header name`);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item !== "string" && typeof item !== "number") {
        throw new Error(`the value of header ${name} must be a string or a list of strings`);
      }
      const text = String(item);
      if (NOT_A_VALUE.test(text)) throw new Error(`the value of header ${name} holds a control character`);
      // What UTF-8 can't say would have the server read none of it.
      list.push([name, text.toWellFormed()]);
    }
  }
  return list;
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value && typeof value[Symbol.iterator] === "function";
}

function show(name: unknown): string {
  return typeof name === "string" ? stringify(name) : `a ${typeof name}`;
}

function toJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = stringify(value);
    checkHeld(value);
  } catch (error) {
    throw new Error(`the value can't be held by JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw new Error(`the value can't be held by JSON: it is ${typeof value}`);
  return text;
}

/** JSON.stringify makes null of a number that JSON lacks, and leaves functions out: both would be lost in silence. */
function checkHeld(value: unknown): void {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error(`it holds ${value}`);
  } else if (typeof value === "function" || typeof value === "symbol") {
    throw new Error(`it holds a ${typeof value}`);
  } else if (Array.isArray(value)) {
    for (const item of value) checkHeld(item);
  } else if (typeof value === "object" && value !== null && !("toJSON" in value)) {
    for (const name of Object.keys(value)) checkHeld((value as Record<string, unknown>)[name]);
  }
}

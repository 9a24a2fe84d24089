// llhttp, Node's HTTP parser, compiled to WebAssembly as undici carries it; install.sh puts it here.

/** What llhttp calls. A span is `length` bytes of its memory from `at` on, a part of what it names or all of it. */
export interface Callbacks {
  begin(): void;
  url(at: number, length: number): void;
  field(at: number, length: number): void;
  value(at: number, length: number): void;
  /** Returns false to have llhttp stop. */
  head(upgrade: boolean, keepAlive: boolean): boolean;
  body(at: number, length: number): void;
  complete(): void;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(length: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_errno_name(code: number): number;
}

const REQUEST = 1;
export const OK = 0;
export const STOPPED = 17;
export const UPGRADE = 22;
/** How many bytes can be parsed at once. */
export const ROOM = 65_536;

/** Whose turn it is: llhttp runs one parser at a time, and calls no other. */
let callbacks: Callbacks;

const module = new WebAssembly.Module(Deno.readFileSync(new URL("llhttp.wasm", import.meta.url)));
const llhttp = new WebAssembly.Instance(module, {
  env: {
    wasm_on_message_begin: () => (callbacks.begin(), 0),
    wasm_on_url: (_: number, at: number, length: number) => (callbacks.url(at, length), 0),
    wasm_on_status: () => 0,
    wasm_on_header_field: (_: number, at: number, length: number) => (callbacks.field(at, length), 0),
    wasm_on_header_value: (_: number, at: number, length: number) => (callbacks.value(at, length), 0),
    wasm_on_headers_complete: (_: number, _status: number, upgrade: number, keepAlive: number) =>
      callbacks.head(upgrade === 1, keepAlive === 1) ? 0 : -1,
    wasm_on_body: (_: number, at: number, length: number) => (callbacks.body(at, length), 0),
    wasm_on_message_complete: () => (callbacks.complete(), 0),
  },
}).exports as unknown as Exports;

const input = llhttp.malloc(ROOM);
let memory = new Uint8Array(llhttp.memory.buffer);
const utf8 = new TextDecoder();

/** The bytes of llhttp's memory, until something is allocated. */
function bytes(): Uint8Array {
  // Memory that grows is another buffer.
  if (memory.length === 0) memory = new Uint8Array(llhttp.memory.buffer);
  return memory;
}

/** A copy of a span. */
export function copy(at: number, length: number): Uint8Array {
  return bytes().slice(at, at + length);
}

/** A span as text, a character for each byte. */
export function text(start: number, end: number): string {
  const span = bytes().subarray(start, end);
  // As UTF-8 it is read ten times as fast, and what is ASCII reads the same.
  const text = utf8.decode(span);
  return text.length === span.length && !text.includes("\ufffd") ? text : latin1(span);
}

function latin1(span: Uint8Array): string {
  let text = "";
  for (const byte of span) text += String.fromCharCode(byte);
  return text;
}

/** One parser's state, in llhttp's memory. */
export class Llhttp {
  #state = llhttp.llhttp_alloc(REQUEST);

  get method(): number {
    return llhttp.llhttp_get_method(this.#state);
  }

  get minor(): number {
    return llhttp.llhttp_get_http_minor(this.#state);
  }

  /** Parses up to `ROOM` bytes and returns llhttp's code. */
  execute(given: Uint8Array, events: Callbacks): number {
    bytes().set(given, input);
    callbacks = events;
    return llhttp.llhttp_execute(this.#state, input, given.length);
  }

  /** Where in the bytes that were given last it stopped. */
  get position(): number {
    return llhttp.llhttp_get_error_pos(this.#state) - input;
  }

  free(): void {
    if (this.#state !== 0) llhttp.llhttp_free(this.#state);
    this.#state = 0;
  }
}

/** The name of one of llhttp's codes, HPE_INVALID_METHOD for one. */
export function codeName(code: number): string {
  const start = llhttp.llhttp_errno_name(code);
  return text(start, bytes().indexOf(0, start));
}

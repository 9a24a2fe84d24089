/**
 * The request and the response of a function, for editors and type checkers.
 *
 * @module
 */

/** The value of a header; a list is sent as one line for each of its values. */
export type HeaderValue = string | number | readonly (string | number)[];

/** Header names to values: an object, a Map, `Headers`, or a list of pairs. */
export type ResponseHeaders =
  | Record<string, HeaderValue>
  | Iterable<readonly [name: string, value: HeaderValue]>
  | null;

/** What a function is called with. */
// deno-lint-ignore no-explicit-any -- callers send what they like; unknown would ask every function for a cast
export interface Request<Payload = any> {
  /** What the caller sent: in raw mode the parsed JSON, the text, or null. */
  payload: Payload;
  /** Names are in lower case; several fields of a name are joined. */
  headers: Record<string, string>;
  /** The container's variables, overlaid with those of this invocation. */
  env: Record<string, string>;
  method: string;
  path: string;
  /** Decoded names to the list of their values, in order. */
  readonly query: Record<string, string[]>;
  /** The exact bytes in raw mode; under the envelope the UTF-8 of a payload that is a string, else empty. */
  readonly body: Uint8Array;
  /** This invocation's id; each of its log lines has it. */
  readonly id: string;
  /** When the runtime gives up waiting. */
  readonly deadline: Date;
  /** Writes a line to the log under this invocation's id. */
  log(message: unknown): void;
  /** The same, with level error. */
  error(message: unknown): void;
}

/** What a function answers with: exactly one call, once. A second one throws. */
export interface Response {
  /** Answers with a text or with bytes; the status is 200 unless given. */
  send(body?: string | ArrayBufferView | ArrayBuffer, status?: number, headers?: ResponseHeaders): void;
  /** Answers with a value as JSON; the status is 200 unless given. */
  json(value: unknown, status?: number, headers?: ResponseHeaders): void;
}

/** A function: the default export of its file. */
// deno-lint-ignore no-explicit-any -- as above
export type Handler<Payload = any> = (req: Request<Payload>, res: Response) => void | Promise<void>;

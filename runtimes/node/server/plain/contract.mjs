// The contract's names and numbers that this server needs; conformance/contract.yaml is their origin.

export const HEADER = {
  error: "x-runtime-error",
  invocation: "x-runtime-invocation-id",
  mode: "x-runtime-mode",
  reservedPrefix: "x-runtime-",
  result: "x-runtime-result",
  secret: "x-runtime-secret",
  timeout: "x-runtime-timeout",
  trace: "traceparent",
};

export const PATH = { health: "/_runtime/health", ready: "/_runtime/ready" };

export const STATUS = {
  invalid_json: 400,
  invalid_envelope: 400,
  invalid_header: 400,
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  headers_too_large: 431,
  function_error: 500,
  no_response: 500,
  invalid_response: 500,
  function_not_loaded: 503,
  overloaded: 503,
  shutting_down: 503,
  timeout: 504,
};

export const LIMIT = {
  headerBytes: 16_384,
  headerLines: 100,
  stallMs: 10_000,
  resultLogBytes: 1_048_576,
  logMessageBytes: 1_048_576,
  configurationExit: 78,
};

export const INVOCATION_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The headers that belong to one connection and are neither passed on to a function nor taken from it. */
export const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

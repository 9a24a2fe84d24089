// What goes out as HTTP whoever answers: reasons, the date, errors of the runtime.
import { type ErrorCode, HEADER } from "./contract.ts";

export const JSON_TYPE = "application/json";

const encoder = new TextEncoder();

export const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a Teapot",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

let dateLine = "";
let dateUntil = 0;

/** The date as a header line, made once a second. */
export function httpDate(): string {
  const now = Date.now();
  if (now >= dateUntil) {
    dateLine = `date: ${new Date(now).toUTCString()}\r\n`;
    dateUntil = now - (now % 1000) + 1000;
  }
  return dateLine;
}

/** One of the runtime's own errors: its header lines and its body. */
export function errorBody(id: string | null, code: ErrorCode, message: string): { lines: string; body: Uint8Array } {
  let lines = `content-type: ${JSON_TYPE}\r\n${HEADER.error}: ${code}\r\n`;
  if (id !== null) lines += `${HEADER.invocation}: ${id}\r\n`;
  if (code === "overloaded") lines += "retry-after: 1\r\n";
  return { lines, body: encoder.encode(JSON.stringify({ error: { code, message, invocation: id } })) };
}

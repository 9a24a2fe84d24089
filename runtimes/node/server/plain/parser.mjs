// What the HTTP parser refuses: errors of a connection, and methods that it doesn't know.
import { Duplex } from "node:stream";
import { HEADER, STATUS } from "./contract.mjs";

// The parser knows a list of methods only. A request with another one is given to it again as this one.
const CARRIER = "POST";
// On a stream that carries such a request: the method that the client sent.
const METHOD = Symbol("method");
const handedOver = new WeakSet();

/** The method that the client sent; to be asked once for each request. */
export function takenMethod(req) {
  const method = req.socket[METHOD];
  if (method === undefined) return req.method;
  req.socket[METHOD] = undefined;
  return method;
}

/**
 * Answers what the parser could not read, and closes the connection. `unanswered` is the response to an earlier request of
 * the same connection, which goes out first.
 */
export function refuseConnection(server, error, socket, unanswered) {
  // Its first parser is done with it, and may still count its time.
  if (handedOver.has(socket)) return;
  if (error.code === "HPE_INVALID_METHOD" && adopt(server, error, socket)) return;
  // A timeout, or a connection that is gone: nobody waits for an answer.
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    socket.destroy();
    return;
  }
  const bytes = error.code === "HPE_HEADER_OVERFLOW" ? refusal("headers_too_large") : refusal("bad_request");
  const close = () => {
    socket.end(bytes);
    // What the client still sends is dropped for a moment: closing at once would reset the answer on its way.
    socket.resume();
    setTimeout(() => socket.destroy(), 500).unref();
  };
  if (unanswered) unanswered.once("close", close);
  else close();
}

const MESSAGES = {
  bad_request: "The request is not valid HTTP.",
  headers_too_large: "The headers must not be over 16 KiB or 100 lines.",
};

function refusal(code) {
  const body = JSON.stringify({ error: { code, message: MESSAGES[code], invocation: null } });
  const reason = code === "bad_request" ? "Bad Request" : "Request Header Fields Too Large";
  return [
    `HTTP/1.1 ${STATUS[code]} ${reason}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    `${HEADER.error}: ${code}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

/**
 * Gives the request to a parser of its own, over a stream whose first bytes name a method that the parser knows; the real
 * one is kept beside it. Returns false where the bytes are no request line.
 */
function adopt(server, error, socket) {
  const packet = error.rawPacket;
  if (!packet) return false;
  const start = packet.lastIndexOf("\n", Math.max(error.bytesParsed - 1, 0)) + 1;
  const line = packet.subarray(start, start + 4096).latin1Slice();
  const method = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) [^ \r\n]+ HTTP\/1\.[01]\r\n/.exec(line)?.[1];
  if (method === undefined) return false;
  const stream = new Duplex({
    destroy: (reason, done) => {
      socket.destroy();
      done(reason);
    },
    final: (done) => socket.end(done),
    read: () => socket.resume(),
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
  });
  stream[METHOD] = method;
  handedOver.add(socket);
  for (const event of ["data", "end", "close"]) socket.removeAllListeners(event);
  socket.on("data", (chunk) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on("end", () => stream.push(null));
  socket.on("close", () => stream.destroy());
  server.emit("connection", stream);
  stream.push(Buffer.concat([Buffer.from(CARRIER), packet.subarray(start + method.length)]));
  return true;
}

import assert from "node:assert/strict";
import { METHODS, RequestParser } from "../parser.ts";

interface Seen {
  method: string;
  target: string;
  headers: string[];
  body: string;
  complete: boolean;
}

function parse(...parts: string[]): Seen[] {
  const seen: Seen[] = [];
  const parser = new RequestParser({
    begin() {},
    head: (method, target, headers) => seen.push({ method, target, headers, body: "", complete: false }),
    body: (bytes) => seen.at(-1)!.body += new TextDecoder().decode(bytes),
    complete: () => seen.at(-1)!.complete = true,
  });
  for (const part of parts) assert.equal(parser.execute(new TextEncoder().encode(part)), part.length, part);
  parser.close();
  return seen;
}

Deno.test("methods have the numbers that the parser gives them", () => {
  // PRI is the beginning of HTTP/2, what is behind it but the last is RTSP, and CONNECT ends the protocol.
  const others = new Set(METHODS.slice(METHODS.indexOf("PRI"), -1)).add("CONNECT");
  for (const method of METHODS.filter((method) => !others.has(method))) {
    assert.equal(parse(`${method} / HTTP/1.1\r\n\r\n`)[0].method, method);
  }
});

Deno.test("many headers come whole, and those behind a chunked body are left out", () => {
  const names = Array.from({ length: 70 }, (_, index) => `x-${index}`);
  const lines = names.map((name) => `${name}: ${name}\r\n`).join("");
  const chunked =
    `POST /long/target HTTP/1.1\r\n${lines}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-trailer: 1\r\n\r\n`;
  const next = "GET /next HTTP/1.1\r\na: b\r\n\r\n";
  const expected = [
    {
      method: "POST",
      target: "/long/target",
      headers: [...names.flatMap((name) => [name, name]), "transfer-encoding", "chunked"],
      body: "ab",
      complete: true,
    },
    { method: "GET", target: "/next", headers: ["a", "b"], body: "", complete: true },
  ];
  assert.deepEqual(parse(chunked + next), expected);
  assert.deepEqual(parse(...(chunked + next)), expected);
});

Deno.test("values have no white space around them, and may be empty", () => {
  const [{ headers }] = parse("GET / HTTP/1.1\r\na:  b c \t \r\nd:\r\ne: \t\r\nf: g\r\n\r\n");
  assert.deepEqual(headers, ["a", "b c", "d", "", "e", "", "f", "g"]);
});

Deno.test("every byte above ASCII is a character of its own", () => {
  const seen: string[][] = [];
  const parser = new RequestParser({
    begin() {},
    head: (_m, _t, headers) => seen.push(headers),
    body() {},
    complete() {},
  });
  const head = "GET / HTTP/1.1\r\na: \x80\xe9\xff\r\nb: \xc3\xa9\r\n\r\n";
  parser.execute(Uint8Array.from(head, (character) => character.charCodeAt(0)));
  assert.deepEqual(seen, [["a", "\x80\xe9\xff", "b", "\xc3\xa9"]]);
  parser.close();
});

Deno.test("a head without an end and framing without content are given up", () => {
  const code = (...parts: string[]): string => {
    const parser = new RequestParser({ begin() {}, head() {}, body() {}, complete() {} });
    for (const part of parts) {
      const outcome = parser.execute(new TextEncoder().encode(part));
      if (typeof outcome !== "number") return outcome.code;
    }
    return "";
  };
  const line = `x: ${"x".repeat(1000)}\r\n`;
  assert.equal(code("GET / HTTP/1.1\r\n", ...Array(40).fill(line)), "HPE_HEADER_OVERFLOW");
  assert.equal(code(`GET /${"x".repeat(40_000)} HTTP/1.1\r\n\r\n`), "HPE_HEADER_OVERFLOW");
  assert.equal(code("GET / HTTP/1.1\r\nx:", ...Array(40).fill(" ".repeat(1000))), "HPE_HEADER_OVERFLOW");
  const chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
  assert.equal(code(`${chunked}1;`, ...Array(20).fill("x".repeat(1000))), "HPE_CHUNK_EXTENSIONS_OVERFLOW");
  assert.equal(code(`${chunked}0\r\n`, ...Array(20).fill(line)), "HPE_CHUNK_EXTENSIONS_OVERFLOW");
  assert.equal(code(chunked, ...Array(40).fill(`3e8\r\n${"x".repeat(1000)}\r\n`)), "");
});

Deno.test("a piece may be larger than what is parsed at once", () => {
  const body = "x".repeat(200_000);
  const [first, second] = parse(
    `POST / HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}GET /next HTTP/1.1\r\n\r\n`,
  );
  assert.equal(first.body, body);
  assert.equal(second.target, "/next");
});

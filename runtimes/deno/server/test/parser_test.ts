import assert from "node:assert/strict";
import { METHODS, requestParser } from "../parser.ts";

interface Seen {
  method: string;
  target: string;
  headers: string[];
  body: string;
  complete: boolean;
}

function parse(...parts: string[]): Seen[] {
  const seen: Seen[] = [];
  const parser = requestParser({
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

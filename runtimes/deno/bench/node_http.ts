import { Buffer } from "node:buffer";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const chunks: Uint8Array[] = [];
  request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  request.on("end", () => {
    const { payload } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ message: `Hello ${payload.name}` });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});

server.listen(3000, "0.0.0.0");

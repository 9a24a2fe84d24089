// The least that a server on node:http does for the same answer: what every other one is compared with.
import { createServer } from "node:http";

const server = createServer((req, res) => {
  const chunks = [];
  req.on("data", (chunk) => chunks.push(chunk));
  req.on("end", () => {
    const { payload } = JSON.parse(Buffer.concat(chunks));
    const body = JSON.stringify({ message: `Hello ${payload.name}` });
    res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    res.end(body);
  });
});

server.listen(3000, "0.0.0.0");

import { createServer } from "node:http";
import { json, send, serve } from "micro";

const server = createServer(
  serve(async (request, response) => {
    const { payload } = await json(request);
    send(response, 200, { message: `Hello ${payload.name}` });
  }),
);

server.listen(3000, "0.0.0.0");

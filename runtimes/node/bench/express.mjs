import express from "express";

const server = express();

server.use(express.json());
server.post("/", (request, response) => {
  response.json({ message: `Hello ${request.body.payload.name}` });
});

server.listen(3000, "0.0.0.0");

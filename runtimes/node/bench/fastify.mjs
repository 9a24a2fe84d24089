import fastify from "fastify";

const server = fastify();

server.post("/", async (request) => ({ message: `Hello ${request.body.payload.name}` }));

await server.listen({ host: "0.0.0.0", port: 3000 });

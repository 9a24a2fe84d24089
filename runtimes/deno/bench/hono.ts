import { Hono } from "hono";

const app = new Hono();

app.post("/", async (context) => {
  const { payload } = await context.req.json();
  return context.json({ message: `Hello ${payload.name}` });
});

Deno.serve({ port: 3000 }, app.fetch);

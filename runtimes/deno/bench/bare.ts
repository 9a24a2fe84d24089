// The least that a server does for the same answer: what every other one is compared with.
Deno.serve({ port: 3000 }, async (request) => {
  const { payload } = await request.json();
  return Response.json({ message: `Hello ${payload.name}` });
});

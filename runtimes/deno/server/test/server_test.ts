// What only a whole server shows: it is started from a folder of its own.
import assert from "node:assert/strict";

const HERE = new URL("..", import.meta.url).pathname;
const FUNCTION = `
await new Promise((done) => setTimeout(done, 300));
export default async (req, res) => {
  if (req.payload === "spin") for (;;);
  if (req.payload === "wait") await new Promise((done) => setTimeout(done, 20000));
  if (req.payload === "may") {
    const names = ["read", "write", "net", "env", "sys", "run", "ffi"];
    const states = names.map((name) => Deno.permissions.querySync({ name }).state);
    const home = Deno.permissions.querySync({ name: "write", path: "/tmp/x" }).state;
    return res.json([...names.filter((_, index) => states[index] === "granted"), home]);
  }
  res.json({ method: req.method });
};
`;

interface Server {
  readonly port: number;
  call(payload: string, seconds: number): Promise<globalThis.Response>;
  stop(): Promise<number>;
}

async function start(env: Record<string, string> = {}): Promise<Server> {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/main.js`, FUNCTION);
  Deno.writeTextFileSync(`${folder}/secret`, "s");
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-config", "--no-lock", `${HERE}main.ts`],
    env: {
      FUNCTION_BUILD: folder,
      RUNTIME_HOST: "127.0.0.1",
      RUNTIME_PORT: String(port),
      RUNTIME_SECRET_FILE: `${folder}/secret`,
      ...env,
    },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const log = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("listening on");) text += (await log.read()).value ?? assert.fail("it ended");
  const drained = (async () => {
    while (!(await log.read()).done);
  })();
  return {
    port,
    call: (payload, seconds) =>
      fetch(`http://127.0.0.1:${port}/`, {
        body: JSON.stringify({ payload }),
        headers: { "content-type": "application/json", "x-runtime-secret": "s", "x-runtime-timeout": String(seconds) },
        method: "POST",
      }),
    stop: async () => {
      child.kill("SIGTERM");
      const { code } = await child.status;
      await drained;
      Deno.removeSync(folder, { recursive: true });
      return code;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Sends everything and closes its half at once, then reads until the server closes. */
async function halfClosed(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  await connection.closeWrite();
  return await new Response(connection.readable).text();
}

/** Sends the parts with a pause between them, and reads until the server closes. */
async function speak(port: number, ...parts: string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const part of parts) {
    await connection.write(new TextEncoder().encode(part));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let text = "";
  const chunk = new Uint8Array(65_536);
  for (let length = await connection.read(chunk); length !== null; length = await connection.read(chunk)) {
    text += new TextDecoder().decode(chunk.subarray(0, length));
  }
  return text;
}

Deno.test("a busy loop does not keep its process busy until its neighbours' deadlines", async () => {
  const server = await start();
  const began = Date.now();
  const neighbour = server.call("wait", 20);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const hung = await server.call("spin", 0.4);
  assert.equal(hung.status, 504);
  await hung.body?.cancel();
  const next = await server.call("answer", 5);
  assert.equal(next.status, 200);
  await next.body?.cancel();
  const answer = await neighbour;
  assert.equal(answer.headers.get("x-runtime-error"), "function_error");
  await answer.body?.cancel();
  assert.ok(Date.now() - began < 5000, `the neighbour was held for ${Date.now() - began} ms`);
  assert.equal(await server.stop(), 0);
});

Deno.test("what was cancelled while the function was loaded does not begin", async () => {
  const server = await start();
  // The second one comes to a process that loads the function, and loading takes its time.
  for (const seconds of [0.4, 0.1]) {
    const hung = await server.call("spin", seconds);
    assert.equal(hung.status, 504);
    await hung.body?.cancel();
  }
  const next = await server.call("answer", 5);
  assert.equal(next.status, 200);
  await next.body?.cancel();
  await server.stop();
});

Deno.test("a function may read, talk and write to /tmp, and what else the flags say", async () => {
  const usual = await start();
  assert.deepEqual(await (await usual.call("may", 5)).json(), ["read", "net", "env", "sys", "granted"]);
  await usual.stop();
  const more = await start({ RUNTIME_DENO_FLAGS: "--allow-run --deny-net" });
  assert.deepEqual(await (await more.call("may", 5)).json(), ["read", "env", "sys", "run", "granted"]);
  await more.stop();
  const everything = await start({ RUNTIME_DENO_FLAGS: "-A" });
  assert.equal((await (await everything.call("may", 5)).json()).length, 8);
  await everything.stop();
});

Deno.test("a method that the parser doesn't know passes wherever it is cut", async () => {
  const server = await start();
  const head = "host: h\r\nx-runtime-secret: s\r\nx-runtime-mode: raw\r\n";
  const known = `GET / HTTP/1.1\r\n${head}\r\n`;
  const unknown = `FROBNICATE / HTTP/1.1\r\n${head}connection: close\r\n\r\n`;
  for (const parts of [[unknown], ["FROB", unknown.slice(4)], [known + unknown], [known, "F", unknown.slice(1)]]) {
    assert.match(await speak(server.port, ...parts), /\{"method":"FROBNICATE"\}$/, JSON.stringify(parts));
  }
  // Similar to those that it knows.
  for (const method of ["POX", "get", "GETS", "PLAY"]) {
    const request = method + unknown.slice(unknown.indexOf(" "));
    for (const parts of [[request], [method, request.slice(method.length)], [known + request]]) {
      assert.match(
        await speak(server.port, ...parts),
        new RegExp(`\\{"method":"${method}"\\}$`),
        JSON.stringify(parts),
      );
    }
  }
  await server.stop();
});

Deno.test("a client that closes its half gets all of its answers", async () => {
  const server = await start();
  const known = "GET / HTTP/1.1\r\nhost: h\r\nx-runtime-secret: s\r\nx-runtime-mode: raw\r\n\r\n";
  const text = await halfClosed(server.port, known.repeat(40));
  assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 40);
  await server.stop();
});

Deno.test("an upgrade is left aside, and the next request is answered", async () => {
  const server = await start();
  const head = "host: h\r\nx-runtime-secret: s\r\nx-runtime-mode: raw\r\n";
  const upgrade = `PUT / HTTP/1.1\r\n${head}connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}`;
  const last = `GET / HTTP/1.1\r\n${head}connection: close\r\n\r\n`;
  for (const parts of [[upgrade + last], [upgrade, last]]) {
    assert.match(await speak(server.port, ...parts), /"PUT"[^]*"GET"/, JSON.stringify(parts));
  }
  await server.stop();
});

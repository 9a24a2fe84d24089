// What launch.sh says to Deno: seen from inside functions that it launches with the server of RUNTIME_HOME.
import assert from "node:assert/strict";

const SCRIPT = new URL("../../launch.sh", import.meta.url).pathname;
const FUNCTION = `
export default (_req, res) => {
  const may = (name, where) => Deno.permissions.querySync({ name, ...where }).state === "granted";
  const all = ["read", "net", "env", "sys", "run", "ffi"].filter((name) => may(name));
  const writes = ["/tmp/x", "/var/x"].filter((path) => may("write", { path }));
  const hosts = ["a:1", "b:2"].filter((host) => may("net", { host }));
  res.json({ all, writes, hosts, cache: Deno.env.get("DENO_DIR") ?? null, folder: Deno.cwd() });
};
`;

interface Seen {
  readonly all: string[];
  readonly writes: string[];
  readonly hosts: string[];
  readonly cache: string | null;
  readonly folder: string;
}

/** Launches a function whose folder holds `files`, and gives what the first answer says. */
async function see(
  env: Record<string, string>,
  files: Record<string, string> = { "main.js": FUNCTION },
): Promise<Seen> {
  return (await answers(env, files, ["{}"]))[0];
}

/** Launches a function, and gives what it answers to these bodies, one after the other. */
async function answers(
  env: Record<string, string>,
  files: Record<string, string>,
  bodies: string[],
  headers: Record<string, string> = {},
  // deno-lint-ignore no-explicit-any -- it is a test's to know what it gets
): Promise<any[]> {
  const folder = Deno.makeTempDirSync();
  for (const [name, text] of Object.entries({ ...files, secret: "s" })) {
    Deno.writeTextFileSync(`${folder}/${name}`, text);
  }
  const port = freePort();
  const child = new Deno.Command(SCRIPT, {
    env: {
      DENO_DIR: "",
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
  for (let text = ""; !text.includes("listening on");) text += (await log.read()).value ?? assert.fail(text);
  try {
    const seen = [];
    for (const body of bodies) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        body,
        headers: { "content-type": "application/json", "x-runtime-secret": "s", "x-runtime-timeout": "5", ...headers },
        method: "POST",
      });
      seen.push(await answer.json());
    }
    return seen;
  } finally {
    child.kill("SIGTERM");
    while (!(await log.read()).done);
    await child.status;
    Deno.removeSync(folder, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const flags = (text: string) => see({ RUNTIME_DENO_FLAGS: text });

Deno.test("a function may read, talk and write to /tmp", async () => {
  const { all, writes, cache } = await see({});
  assert.deepEqual({ all, writes, cache }, { all: ["read", "net", "env", "sys"], writes: ["/tmp/x"], cache: null });
});

Deno.test("flags give more or less, and never take the socket to the server", async () => {
  assert.deepEqual((await flags("--allow-run --deny-net")).all, ["read", "env", "sys", "run"]);
  assert.deepEqual((await flags("  --allow-net=a:1,c ")).hosts, ["a:1"]);
  assert.deepEqual((await flags("--allow-net=a:1 --deny-net")).hosts, []);
  assert.deepEqual((await flags("--deny-net=a:1 --allow-net")).hosts, ["b:2"]);
  const { all, writes } = await flags("-A --v8-flags=--max-semi-space-size=2");
  assert.deepEqual([all.length, writes.length], [6, 2]);
});

Deno.test("what DENO_DIR was is the function's to see", async () => {
  assert.equal((await see({ DENO_DIR: "/mine" })).cache, "/mine");
});

Deno.test("the environment is as it was set", async () => {
  const source = `export default (req, res) => res.json([req.env, Deno.env.toObject()]);`;
  const { PATH = "", ...inherited } = Deno.env.toObject();
  for (const more of [[], [["DENO_DISABLE_NODE_SHIM", "1"]]]) {
    const set = { PATH: `/usr/bin:${PATH}`, ...Object.fromEntries(more) };
    const [[ofRequest, ofProcess]] = await answers(set, { "main.js": source }, ["{}"]);
    assert.deepEqual(ofRequest, ofProcess);
    assert.equal(ofRequest.PATH, set.PATH);
    const added = Object.keys(ofRequest).filter((name) => name.startsWith("DENO_") && !(name in inherited));
    assert.deepEqual(added, more.map(([name]) => name));
  }
});

Deno.test("what a timer throws is in the log of its invocation, whatever others import meanwhile", async () => {
  const source = `
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    export default async (req, res) => {
      if (req.payload === "import") await import("./it.js");
      else {
        setTimeout(() => { throw new Error("late"); }, 20);
        setImmediate(() => { throw new Error("soon"); });
        const repeated = setInterval(() => { clearInterval(repeated); throw new Error("again"); }, 20);
        await wait(100);
      }
      res.send(String(typeof setTimeout(() => {})));
    };
  `;
  const bodies = ["import", "fail"].map((payload) => JSON.stringify({ payload }));
  const files = { "main.js": source, "it.js": "export default 1;" };
  const [, failed] = await answers({}, files, bodies, { "x-runtime-result": "envelope" });
  assert.equal(failed.body, "object");
  const told = failed.logs.map(({ message }: { message: string }) => /Error: (\w+)/.exec(message)?.[1]);
  assert.deepEqual(told.sort(), ["again", "late", "soon"]);
});

Deno.test("what a function says before it ends its process is heard", async () => {
  const source = `
    export default (req) => {
      for (let line = 0; line < 3000; line += 1) req.log("line " + line + " " + "x".repeat(80));
      req.error("last words");
      Deno.stdout.writeSync(new TextEncoder().encode("no line break"));
      (req.payload === "process" ? process : Deno).exit(1);
    };
  `;
  const bodies = ["Deno", "process"].map((payload) => JSON.stringify({ payload }));
  for (const { logs } of await answers({}, { "main.js": source }, bodies, { "x-runtime-result": "envelope" })) {
    const said: string[] = logs.map(({ message }: { message: string }) => message);
    assert.equal(said.filter((message) => message.startsWith("line ")).length, 3000);
    assert.ok(said.includes("last words") && said.includes("no line break"));
  }
});

Deno.test("the source is launched where nothing was built", async () => {
  const build = Deno.makeTempDirSync();
  const source = Deno.makeTempDirSync();
  Deno.writeTextFileSync(
    `${source}/main.js`,
    FUNCTION.replace("export default", 'import it from "it";\nexport default'),
  );
  Deno.writeTextFileSync(`${source}/it.js`, "export default 1;");
  Deno.writeTextFileSync(`${source}/deno.jsonc`, '{ "imports": { "it": "./it.js" } }');
  assert.equal((await see({ FUNCTION_BUILD: build, FUNCTION_SOURCE: source })).folder, source);
  for (const folder of [build, source]) Deno.removeSync(folder, { recursive: true });
});

Deno.test("a function whose loading waits for nothing is not waited for", async () => {
  const seen = await see({}, { "main.js": `await new Promise(() => {});${FUNCTION}` });
  assert.equal(Reflect.get(Reflect.get(seen, "error"), "code"), "function_not_loaded");
});

Deno.test("whatever a function returns or breaks, its invocation is answered, and its process goes on", async () => {
  const source = `
    const RESULTS = {
      getter: () => ({ get then() { throw new Error("it has no then"); } }),
      proxy: () => new Proxy({}, { has() { throw new Error("it is nothing"); } }),
      method: () => ({ then() { throw new Error("its then fails"); } }),
    };
    const { values } = Object;
    export default (req, res) => {
      if (req.payload in RESULTS) return RESULTS[req.payload]();
      if (req.payload === "break") Object.values = () => { Object.values = values; throw new Error("it was broken"); };
      res.json(Deno.pid);
    };
  `;
  const asked = ["well", "getter", "proxy", "method", "break", "broken", "well"];
  const bodies = asked.map((payload) => JSON.stringify({ headers: {}, payload }));
  const answered = await answers({}, { "main.js": source }, bodies);
  const process = answered[0];
  const failed = "function_error";
  assert.deepEqual(
    answered.map((answer) => answer.error?.code ?? answer),
    [process, failed, failed, failed, process, failed, process],
  );
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

// Where the runtime under test is installed: this folder is one that has the plain server.
const HOME = process.env.RUNTIME_HOME ?? fileURLToPath(new URL("../..", import.meta.url));
// The shared server interrupts what holds a process's thread.
const INTERRUPTS = existsSync(join(HOME, "slipway-front"));
const FUNCTION = `
const { existsSync, appendFileSync, readFileSync } = require("node:fs");
const begun = process.env.BEGUN;
// Its first process loads at once, those after it take their time.
if (existsSync(begun)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
appendFileSync(begun, "loaded;");
module.exports = (req, res) => {
  if (req.payload === "no then") return { get then() { throw new Error("it has no then"); } };
  if (req.payload === "then fails") return { then() { throw new Error("its then fails"); } };
  if (req.payload === "break") Object.values = () => { Object.values = values; throw new Error("it was broken"); };
  return answer(req, res);
};
const { values } = Object;
const answer = async (req, res) => {
  if (req.payload === "begun") return res.send(readFileSync(begun, "utf8"));
  if (req.payload === "spin" || req.payload === "late") appendFileSync(begun, req.payload + ";");
  if (req.payload === "spin") for (;;);
  if (req.payload === "late spin") {
    await null;
    for (;;);
  }
  if (req.payload.startsWith("patient")) {
    await new Promise((done) => setTimeout(done, 3000));
    console.log(req.payload);
  }
  if (req.payload === "last words") {
    for (let line = 1; line <= 3000; line += 1) console.log("line", line, "x".repeat(80));
    process.stdout.write("last words");
    process.exit(1);
  }
  if (req.payload === "path") return res.json([req.env.PATH, process.env.PATH]);
  if (req.payload === "wait") await new Promise((done) => setTimeout(done, 20000));
  res.send("done");
};
`;

let folder;
let port;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(folder, "index.js"), FUNCTION);
  port = await freePort();
  const env = {
    ...process.env,
    BEGUN: join(folder, "begun"),
    FUNCTION_BUILD: folder,
    RUNTIME_HOME: HOME,
    RUNTIME_HOST: "127.0.0.1",
    RUNTIME_PORT: String(port),
    RUNTIME_SECRET: "s",
  };
  server = spawn(join(HOME, "launch.sh"), { env, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface(server.stdout)) {
    if (line.includes("listening on")) break;
  }
  server.stdout.resume();
});

after(async () => {
  const ended = new Promise((done) => server.once("exit", done));
  server.kill();
  await ended;
  rmSync(folder, { recursive: true });
});

test("a busy loop does not keep its process busy until its neighbours' deadlines", { skip: INTERRUPTS }, async () => {
  const began = Date.now();
  const neighbour = call("wait", 20);
  await new Promise((done) => setTimeout(done, 200));
  assert.equal((await call("spin", 0.4)).status, 504);
  assert.equal((await call("answer", 5)).status, 200);
  const answer = await neighbour;
  assert.equal(answer.headers.get("x-runtime-error"), "function_error");
  assert.ok(Date.now() - began < 5000, `the neighbour was held for ${Date.now() - began} ms`);
});

test("busy loops cost their neighbours no answer, and those no line of their logs", { skip: !INTERRUPTS }, async () => {
  const neighbours = [1, 2, 3].map((number) => call(`patient ${number}`, 20, "envelope"));
  await new Promise((done) => setTimeout(done, 200));
  const loops = ["spin", "late spin", "spin"].map((payload) => call(payload, 0.4));
  assert.deepEqual(await Promise.all(loops.map(async (loop) => (await loop).status)), [504, 504, 504]);
  assert.equal((await call("answer", 5)).status, 200);
  for (const [index, neighbour] of neighbours.entries()) {
    const { body, logs } = await (await neighbour).json();
    assert.equal(body, "done");
    assert.deepEqual(
      logs.map(({ message }) => message),
      [`patient ${index + 1}`],
    );
  }
});

test("what is overdue before the function is loaded again never begins", async () => {
  assert.equal((await call("spin", 0.3)).status, 504);
  assert.equal((await call("late", 0.1)).status, 504);
  const begun = await (await call("begun", 10)).text();
  assert.match(begun, /spin;loaded;$/);
});

test("whatever a function returns, those that come with it and after it are answered", async () => {
  const answers = await Promise.all(["no then", "answer", "then fails", "answer"].map((payload) => call(payload, 5)));
  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers.get("x-runtime-error")]),
    [
      [500, "function_error"],
      [200, null],
      [500, "function_error"],
      [200, null],
    ],
  );
});

test("what a function breaks costs no more than the invocation that needs it", async () => {
  assert.equal((await call("break", 5)).status, 200);
  assert.equal((await call("answer", 5)).headers.get("x-runtime-error"), "function_error");
  assert.equal((await call("answer", 5)).status, 200);
});

test("what a function says before it ends its process is heard", async () => {
  const answer = await (await call("last words", 5, "envelope")).json();
  assert.equal(answer.error.code, "function_error");
  const said = answer.logs.map(({ message }) => message).filter((message) => /^l(ine|ast) /.test(message));
  assert.equal(said.length, 3001);
  assert.equal(said.at(-1), "last words");
});

test("the environment is as it was set", async () => {
  assert.deepEqual(await (await call("path", 5)).json(), [process.env.PATH, process.env.PATH]);
});

function call(payload, seconds, result = "plain") {
  return fetch(`http://127.0.0.1:${port}/`, {
    body: JSON.stringify({ headers: {}, payload }),
    headers: {
      "content-type": "application/json",
      "x-runtime-result": result,
      "x-runtime-secret": "s",
      "x-runtime-timeout": String(seconds),
    },
    method: "POST",
  });
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const found = probe.address().port;
      probe.close(() => done(found));
    });
  });
}

// The steps, one function each: step(arguments, invocation). An invocation is { req, res, seen, held }.
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import ms from "ms";
import { argumentsOf } from "./arguments.js";

const ANSWER = { base64: "string?", headers: "object?", status: "number?", text: "string?" };
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const meetings = new Map();
let count = 0;

// Steps that answer -----------------------------------------------------------------------------------------------------

function send(step, { res }) {
  const { base64, headers, status, text } = argumentsOf(step, ANSWER);
  res.send(base64 === undefined ? text : Buffer.from(base64, "base64"), status, headers);
}

function json(step, { res }) {
  const { headers, special, status } = argumentsOf(step, { headers: "object?", special: "string?", status: "number?" });
  res.json(special === undefined ? step.value : specialValue(step, special), status, headers);
}

function specialValue(step, special) {
  if (special === "nan") return Number.NaN;
  if (special === "function") return () => {};
  if (special === "cycle") {
    const cycle = {};
    cycle.self = cycle;
    return cycle;
  }
  throw new Error(`unknown step: ${step.do}`);
}

export function report(_step, { req, res, seen }) {
  const { body, deadline, env, headers, id, method, path, payload, query } = req;
  const request = {
    method,
    path,
    query,
    headers,
    payload,
    env,
    body: body.toString("base64"),
    id,
    deadline: +deadline,
  };
  res.json({ request, seen });
}

function echo(_step, { req, res }) {
  if (typeof req.payload === "object" && req.payload !== null && Object.hasOwn(req.payload, "steps")) {
    res.json(req.payload.value ?? null);
    return;
  }
  const type = req.headers["content-type"];
  res.send(req.body, undefined, type === undefined ? undefined : { "content-type": type });
}

function again(step, invocation) {
  try {
    send(step, invocation);
    invocation.seen.again = "accepted";
  } catch {
    invocation.seen.again = "raised";
  }
}

// Steps that take time --------------------------------------------------------------------------------------------------

async function wait(step) {
  await sleep(argumentsOf(step, { ms: "number" }).ms);
}

function block(step) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, argumentsOf(step, { ms: "number" }).ms);
}

function spin(step) {
  const end = Date.now() + (argumentsOf(step, { ms: "number?" }).ms ?? Number.POSITIVE_INFINITY);
  while (Date.now() < end) {
    try {
      JSON.parse("{}");
    } catch {
      // Whatever is thrown in here must not end the loop.
    }
  }
}

async function meet(step) {
  const wanted = argumentsOf(step, { count: "number", name: "string", timeout_ms: "number" });
  const meeting = meetings.get(wanted.name) ?? { arrived: 0, waiting: [] };
  meetings.set(wanted.name, meeting);
  meeting.arrived += 1;
  if (meeting.arrived >= wanted.count) {
    for (const goOn of meeting.waiting) goOn();
    return;
  }
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`meet: ${meeting.arrived} of ${wanted.count}`));
    }, wanted.timeout_ms);
  });
  try {
    await Promise.race([new Promise((resolve) => meeting.waiting.push(resolve)), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

// Steps that speak ------------------------------------------------------------------------------------------------------

function log(step, { req }) {
  const { message, times = 1 } = argumentsOf(step, { message: "string", times: "number?" });
  for (let index = 0; index < times; index += 1) req.log(message);
}

function error(step, { req }) {
  const { message, times = 1 } = argumentsOf(step, { message: "string", times: "number?" });
  for (let index = 0; index < times; index += 1) req.error(message);
}

function print(step) {
  const { text, times = 1, to = "out" } = argumentsOf(step, { text: "string", times: "number?", to: "string?" });
  const speak = { err: console.error, out: console.log }[to];
  if (speak === undefined) throw new Error(`unknown step: ${step.do}`);
  for (let index = 0; index < times; index += 1) speak(text);
}

function flood(step) {
  const { bytes, line = 100 } = argumentsOf(step, { bytes: "number", line: "number?" });
  const text = `${"x".repeat(Math.max(line - 1, 0))}\n`;
  for (let written = 0; written < bytes; written += text.length) process.stdout.write(text);
}

function bytes(step) {
  const { base64 } = argumentsOf(step, { base64: "string" });
  process.stdout.write(Buffer.concat([Buffer.from(base64, "base64"), Buffer.from("\n")]));
}

// Steps that misbehave --------------------------------------------------------------------------------------------------

function raise(step) {
  throw new Error(argumentsOf(step, { message: "string" }).message);
}

function background(step) {
  const { message, ms: delay } = argumentsOf(step, { message: "string", ms: "number" });
  sleep(delay).then(() => {
    throw new Error(message);
  });
}

function backgroundLog(step, { req }) {
  const { message, ms: delay } = argumentsOf(step, { message: "string", ms: "number" });
  sleep(delay).then(() => req.log(message));
}

async function exit(step) {
  const { how } = argumentsOf(step, { how: "string" });
  if (how === "exit") process.exit(7);
  else if (how === "abort") process.abort();
  else if (how === "kill") process.kill(process.pid, "SIGKILL");
  else throw new Error(`unknown step: ${step.do}`);
  // A signal takes effect a moment after it was sent.
  await sleep(60_000);
}

function allocate(step, { held }) {
  const { mb } = argumentsOf(step, { mb: "number?" });
  if (mb !== undefined) {
    for (let index = 0; index < mb; index += 1) held.push(Buffer.alloc(1024 * 1024, 1));
    return;
  }
  // The heap has a limit of its own; buffers would take the whole machine's memory.
  for (;;) held.push(new Array(131_072).fill(held.length));
}

function patch() {
  const refuse = () => {
    throw new Error("patched by the function");
  };
  JSON.parse = refuse;
  JSON.stringify = refuse;
  http.createServer = refuse;
  for (const name of ["end", "setHeader", "write", "writeHead"]) http.ServerResponse.prototype[name] = refuse;
  for (const name of ["connect", "end", "pause", "read", "resume", "write"]) net.Socket.prototype[name] = refuse;
}

function mutate(step, { req }) {
  const { name, value } = argumentsOf(step, { name: "string", value: "string" });
  req.headers[name] = value;
  req.env[name] = value;
  process.env[name] = value;
  if (typeof req.payload === "object" && req.payload !== null) req.payload[name] = value;
}

// Steps that look -------------------------------------------------------------------------------------------------------

function addOne(_step, { seen }) {
  count += 1;
  seen.count = count;
}

function getenv(step, { seen }) {
  const { name } = argumentsOf(step, { name: "string" });
  seen.getenv = { ...seen.getenv, [name]: process.env[name] ?? null };
}

function findSecret(step, { req, seen }) {
  const secret = [...argumentsOf(step, { reversed: "string" }).reversed].reverse().join("");
  seen.secret = [];
  const look = (place, text) => {
    if (text.includes(secret)) seen.secret.push(place);
  };
  const members = (object) => Object.entries(object).flat().join("\0");
  look("req.headers", members(req.headers));
  look("req.env", members(req.env));
  look("process.env", members(process.env));
  for (const entry of fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    for (const file of ["environ", "cmdline"]) {
      try {
        look(`/proc/${entry}/${file}`, fs.readFileSync(`/proc/${entry}/${file}`, "utf8"));
      } catch {
        // Another user's process, or one that has just ended: it can't be read.
      }
    }
  }
}

function write(step, { seen }) {
  const { path } = argumentsOf(step, { path: "string" });
  let outcome = "written";
  try {
    fs.writeFileSync(path, "written by the conformance function\n");
  } catch (problem) {
    outcome = problem.message;
  }
  seen.write = { ...seen.write, [path]: outcome };
}

async function fetch(step, { seen }) {
  const {
    host,
    port,
    timeout_ms: timeout,
  } = argumentsOf(step, { host: "string", port: "number", timeout_ms: "number" });
  seen.fetch = await new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const finish = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeout, () => finish(`no connection within ${timeout} ms`));
    socket.on("connect", () => finish("connected"));
    socket.on("error", (problem) => finish(problem.message));
  });
}

function files(_step, { seen }) {
  seen.files = fs.readdirSync("/proc/self/fd").length;
}

function dependency(_step, { seen }) {
  seen.dependency = ms(60_000, { long: true });
}

export const steps = {
  again,
  allocate,
  await: wait,
  background,
  background_log: backgroundLog,
  block,
  bytes,
  count: addOne,
  dependency,
  echo,
  error,
  exit,
  fetch,
  files,
  find_secret: findSecret,
  flood,
  getenv,
  json,
  log,
  meet,
  mutate,
  patch,
  print,
  report,
  send,
  spin,
  throw: raise,
  write,
};

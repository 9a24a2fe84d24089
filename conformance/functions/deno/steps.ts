// The steps, one function each: step(arguments, invocation).
import { fstatSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import process from "node:process";
import ms from "ms";
import type { Request, Response } from "slipway";
import { argumentsOf, type Step, UnknownStep } from "./arguments.ts";

/** What the steps of one invocation share. */
export interface Invocation {
  readonly req: Request;
  readonly res: Response;
  readonly seen: Record<string, unknown>;
  /** Keeps memory until the invocation ends. */
  readonly held: unknown[];
}

const ANSWER = { base64: "string?", headers: "object?", status: "number?", text: "string?" } as const;
// Descriptors are looked for up to here.
const DESCRIPTORS = 1024;

const encoder = new TextEncoder();
let count = 0;

// Steps that answer -----------------------------------------------------------------------------------------------------

function send(step: Step, { res }: Invocation): void {
  const { base64, headers, status, text } = argumentsOf(step, ANSWER);
  res.send(base64 === undefined ? text : Uint8Array.fromBase64(base64), status, headers);
}

function json(step: Step, { res }: Invocation): void {
  const { headers, special, status } = argumentsOf(step, { headers: "object?", special: "string?", status: "number?" });
  res.json(special === undefined ? step.value : specialValue(step, special), status, headers);
}

function specialValue(step: Step, special: string): unknown {
  if (special === "nan") return NaN;
  if (special === "function") return () => {};
  if (special === "cycle") {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    return cycle;
  }
  throw new UnknownStep(step);
}

function report(_step: Step, { req, res, seen }: Invocation): void {
  const { method, path, query, headers, payload, env, body, id, deadline } = req;
  const request = { method, path, query, headers, payload, env, body: body.toBase64(), id, deadline: +deadline };
  res.json({ request, seen });
}

function echo(_step: Step, { req, res }: Invocation): void {
  const { payload } = req;
  if (typeof payload === "object" && payload !== null && Object.hasOwn(payload, "steps")) {
    res.json(payload.value ?? null);
    return;
  }
  const type = req.headers["content-type"];
  res.send(req.body, undefined, type === undefined ? undefined : { "content-type": type });
}

function again(step: Step, invocation: Invocation): void {
  try {
    send(step, invocation);
    invocation.seen.again = "accepted";
  } catch {
    invocation.seen.again = "raised";
  }
}

// Steps that take time --------------------------------------------------------------------------------------------------

async function wait(step: Step): Promise<void> {
  await sleep(argumentsOf(step, { ms: "number" }).ms);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function block(step: Step): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, argumentsOf(step, { ms: "number" }).ms);
}

function spin(step: Step): void {
  const end = Date.now() + (argumentsOf(step, { ms: "number?" }).ms ?? Infinity);
  while (Date.now() < end) {
    try {
      JSON.parse("{}");
    } catch {
      // Whatever is thrown in here must not end the loop.
    }
  }
}

interface Meeting {
  arrived: number;
  readonly full: PromiseWithResolvers<void>;
}

const meetings = new Map<string, Meeting>();

async function meet(step: Step): Promise<void> {
  const wanted = argumentsOf(step, { count: "number", name: "string", timeout_ms: "number" });
  const meeting = meetings.get(wanted.name) ?? { arrived: 0, full: Promise.withResolvers<void>() };
  meetings.set(wanted.name, meeting);
  meeting.arrived += 1;
  if (meeting.arrived >= wanted.count) meeting.full.resolve();
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    timeout.reject(new Error(`meet: ${meeting.arrived} of ${wanted.count}`));
  }, wanted.timeout_ms);
  try {
    await Promise.race([meeting.full.promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

// Steps that speak ------------------------------------------------------------------------------------------------------

function log(step: Step, { req }: Invocation): void {
  const { message, times = 1 } = argumentsOf(step, { message: "string", times: "number?" });
  for (let index = 0; index < times; index += 1) req.log(message);
}

function error(step: Step, { req }: Invocation): void {
  const { message, times = 1 } = argumentsOf(step, { message: "string", times: "number?" });
  for (let index = 0; index < times; index += 1) req.error(message);
}

function print(step: Step): void {
  const { text, times = 1, to = "out" } = argumentsOf(step, { text: "string", times: "number?", to: "string?" });
  if (to !== "out" && to !== "err") throw new UnknownStep(step);
  for (let index = 0; index < times; index += 1) {
    if (to === "out") console.log(text);
    else console.error(text);
  }
}

function flood(step: Step): void {
  const { bytes, line = 100 } = argumentsOf(step, { bytes: "number", line: "number?" });
  const text = encoder.encode(`${"x".repeat(Math.max(line - 1, 0))}\n`);
  for (let written = 0; written < bytes; written += text.length) Deno.stdout.writeSync(text);
}

function bytes(step: Step): void {
  const { base64 } = argumentsOf(step, { base64: "string" });
  Deno.stdout.writeSync(Uint8Array.fromBase64(base64));
  Deno.stdout.writeSync(encoder.encode("\n"));
}

// Steps that misbehave --------------------------------------------------------------------------------------------------

function raise(step: Step): void {
  throw new Error(argumentsOf(step, { message: "string" }).message);
}

function background(step: Step): void {
  const { message, ms: delay } = argumentsOf(step, { message: "string", ms: "number" });
  sleep(delay).then(() => {
    throw new Error(message);
  });
}

function backgroundLog(step: Step, { req }: Invocation): void {
  const { message, ms: delay } = argumentsOf(step, { message: "string", ms: "number" });
  sleep(delay).then(() => req.log(message));
}

async function exit(step: Step): Promise<void> {
  const { how } = argumentsOf(step, { how: "string" });
  if (how === "exit") Deno.exit(7);
  else if (how === "abort") process.abort();
  else if (how === "kill") Deno.kill(Deno.pid, "SIGKILL");
  else throw new UnknownStep(step);
  // A signal takes effect a moment after it was sent.
  await sleep(60_000);
}

function allocate(step: Step, { held }: Invocation): void {
  const { mb } = argumentsOf(step, { mb: "number?" });
  if (mb !== undefined) {
    for (let index = 0; index < mb; index += 1) held.push(new Uint8Array(1024 * 1024).fill(1));
    return;
  }
  // The heap has a limit of its own; buffers would take the whole machine's memory.
  for (;;) held.push(new Array(131_072).fill(held.length));
}

function patch(): void {
  const refuse = () => {
    throw new Error("patched by the function");
  };
  JSON.parse = refuse;
  JSON.stringify = refuse;
  Deno.serve = refuse as typeof Deno.serve;
  http.createServer = refuse as typeof http.createServer;
  Object.assign(http.ServerResponse.prototype, { end: refuse, setHeader: refuse, write: refuse, writeHead: refuse });
  const socket = { connect: refuse, end: refuse, pause: refuse, read: refuse, resume: refuse, write: refuse };
  Object.assign(net.Socket.prototype, socket);
}

function mutate(step: Step, { req }: Invocation): void {
  const { name, value } = argumentsOf(step, { name: "string", value: "string" });
  req.headers[name] = value;
  req.env[name] = value;
  Deno.env.set(name, value);
  if (typeof req.payload === "object" && req.payload !== null) req.payload[name] = value;
}

// Steps that look -------------------------------------------------------------------------------------------------------

function addOne(_step: Step, { seen }: Invocation): void {
  count += 1;
  seen.count = count;
}

function getenv(step: Step, { seen }: Invocation): void {
  const { name } = argumentsOf(step, { name: "string" });
  seen.getenv = { ...seen.getenv as object, [name]: Deno.env.get(name) ?? null };
}

function findSecret(step: Step, { req, seen }: Invocation): void {
  const secret = [...argumentsOf(step, { reversed: "string" }).reversed].reverse().join("");
  const places: string[] = [];
  const look = (place: string, text: string) => {
    if (text.includes(secret)) places.push(place);
  };
  const members = (object: object) => Object.entries(object).flat().join("\0");
  look("req.headers", members(req.headers));
  look("req.env", members(req.env));
  look("Deno.env", members(Deno.env.toObject()));
  for (const name of processes()) {
    for (const file of ["environ", "cmdline"]) {
      try {
        look(`/proc/${name}/${file}`, Deno.readTextFileSync(`/proc/${name}/${file}`));
      } catch {
        // Not permitted, or it has just ended: the function can't read it.
      }
    }
  }
  seen.secret = places;
}

function processes(): string[] {
  try {
    return Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((name) => /^[0-9]+$/.test(name));
  } catch {
    return ["self", String(Deno.pid), String(Deno.ppid), "1"];
  }
}

function write(step: Step, { seen }: Invocation): void {
  const { path } = argumentsOf(step, { path: "string" });
  let outcome = "written";
  try {
    Deno.writeTextFileSync(path, "written by the conformance function\n");
  } catch (problem) {
    outcome = (problem as Error).message;
  }
  seen.write = { ...seen.write as object, [path]: outcome };
}

async function fetch(step: Step, { seen }: Invocation): Promise<void> {
  const wanted = argumentsOf(step, { host: "string", port: "number", timeout_ms: "number" });
  const signal = AbortSignal.timeout(wanted.timeout_ms);
  try {
    const connection = await Deno.connect({ hostname: wanted.host, port: wanted.port, signal });
    connection.close();
    seen.fetch = "connected";
  } catch (problem) {
    seen.fetch = signal.aborted ? `no connection within ${wanted.timeout_ms} ms` : (problem as Error).message;
  }
}

function files(_step: Step, { seen }: Invocation): void {
  let open = 0;
  for (let descriptor = 0; descriptor < DESCRIPTORS; descriptor += 1) {
    try {
      fstatSync(descriptor);
      open += 1;
    } catch {
      // Not open.
    }
  }
  seen.files = open;
}

function dependency(_step: Step, { seen }: Invocation): void {
  seen.dependency = ms(60_000, { long: true });
}

export const steps: Record<string, (step: Step, invocation: Invocation) => void | Promise<void>> = {
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

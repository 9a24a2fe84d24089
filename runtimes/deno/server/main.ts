// The function's process: loads the function once and runs it for each invocation that the server sends.
import { AsyncLocalStorage } from "node:async_hooks";
import { connect, outbox, printRest, receive, sendAll, sendLine, sendNow, sendSoon } from "./channel.ts";
import { contextOf, watchTimers } from "./failures.ts";
import { BATCH, FrameReader, KIND, LIFE, TAKES_MARKS } from "./frames.ts";
import { type Handler, loadFunction } from "./load.ts";
import { captureOutput, finishLines, type Level, type Unfinished } from "./output.ts";
import { type Fields, readEnvelope, readInvocation, readRaw, Request, RequestError } from "./request.ts";
import { Response, ResponseError } from "./response.ts";
import { traceIdOf } from "./trace.ts";

interface Running {
  readonly number: number;
  readonly unfinished: Unfinished;
}

// A function that never yields can print faster than what it prints is taken.
const MOST_UNSENT_BYTES = 67_108_864;
// A turn that lasts longer, or has ended so many invocations, does not keep back what is ready: the server has use for it.
const LONG_TURN_MS = 1;

const [socket, folder, entrypoint, ...launched] = Deno.args;
const exit = Deno.exit;
const { inspect } = Deno;
const { now } = Date;
const { stringify } = JSON;
const baseEnv = ownEnvironment();
const context = new AsyncLocalStorage<Running>();
const nowhere: Running = { number: 0, unfinished: [null, null] };
/** The numbers of those whose answer somebody waits for. */
const running = new Set<number>();
/** None is asked for where it could not be loaded. */
let handler: Handler;
/** When the frames that are being taken came, or 0, and how many invocations have ended since something was sent. */
let turnBegan = 0;
let ended = 0;
/** A ping or a mark was answered, and that may not have been sent yet. */
let marked = false;
/** How many lines of the log there was no room for. */
let dropped = 0;

watchTimers(here);
captureOutput(() => here().unfinished, (level, line) => speak(here(), level, line));
addEventListener("error", (event) => {
  event.preventDefault();
  speak(contextOf(event.error, here), 1, describe(event.error));
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  speak(here(), 1, describe(event.reason));
});

addEventListener("unload", () => {
  finishLines(here().unfinished);
  printRest();
});

await connect(socket);
await load();
const reader = new FrameReader(take);
receive(takeChunk).then(() => exit(0));

/** What these frames lead to goes out in one write, unless an invocation among them holds the thread. */
async function takeChunk(chunk: Uint8Array): Promise<void> {
  for (let left: Uint8Array | null = chunk; left !== null;) {
    // Should the process end with what is behind a mark, the server must know that it has begun.
    if (marked) await sendAll();
    marked = false;
    turnBegan = now();
    ended = 0;
    left = reader.push(left);
    turnBegan = 0;
    if (ended > 0) sendNow();
  }
}

/** The environment as the function is to see it: these have a value for this process only. */
function ownEnvironment(): Record<string, string> {
  for (const [index, name] of ["DENO_DIR", "DENO_DISABLE_NODE_SHIM"].entries()) {
    if (launched[index] === "") Deno.env.delete(name);
    else Deno.env.set(name, launched[index]);
  }
  return Deno.env.toObject();
}

/** Whether nothing may be taken before what there is to say is said. */
function take(kind: number, number: number, bytes: Uint8Array): boolean {
  if (kind === KIND.invoke) {
    try {
      invoke(number, bytes);
    } catch (error) {
      // Nothing may get out of here, or the frames behind this one would not be found.
      running.delete(number);
      const description = describe(error);
      speak({ ...nowhere, number }, 1, description);
      refuse(number, "function_error", description);
      sendLast();
    }
  } else if (kind === KIND.cancel) {
    running.delete(number);
  } else if (kind === KIND.ping) {
    outbox.begin(KIND.pong, number).end();
    if (number === LIFE) sendNow();
    marked = true;
  }
  return marked;
}

async function load(): Promise<void> {
  try {
    handler = await loadFunction(folder, entrypoint);
    outbox.begin(KIND.ready, TAKES_MARKS).end();
  } catch (error) {
    outbox.begin(KIND.failed, 0).text(describe(error)).end();
  }
  sendNow();
}

// One invocation --------------------------------------------------------------------------------------------------------

function invoke(number: number, bytes: Uint8Array): void {
  const { raw, deadline, id, head, body } = readInvocation(bytes);
  let fields: Fields;
  try {
    fields = raw ? readRaw(head, body) : readEnvelope(body);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    refuse(number, error.code, error.message);
    return sendLast();
  }
  if (!raw && fields.headers.traceparent !== undefined) {
    const trace = traceIdOf(fields.headers.traceparent);
    if (trace !== null) outbox.begin(KIND.trace, number).text(trace).end();
  }
  const invocation: Running = { number, unfinished: [null, null] };
  const request = new Request(id, deadline, fields, baseEnv, (level, message) => {
    speak(invocation, level, typeof message === "string" ? message : inspect(message));
  });
  running.add(number);
  context.run(invocation, run, invocation, request, new Response());
}

function run(invocation: Running, request: Request, response: Response): void {
  try {
    const result = handler(request, response);
    // Whose `then` it is nobody knows: looking for it and calling it may throw, and it may call both, or twice.
    if (isThenable(result)) {
      result.then(() => end(invocation, response), (error: unknown) => fail(invocation, response, error));
      return;
    }
  } catch (error) {
    return fail(invocation, response, error);
  }
  end(invocation, response);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function end(invocation: Running, response: Response): void {
  const isAwaited = finish(invocation);
  const answer = Response.close(response);
  if (!isAwaited) return;
  const { number } = invocation;
  if (answer === null) {
    refuse(number, "no_response", "The function ended without an answer.");
  } else if (answer instanceof ResponseError) {
    refuse(number, "invalid_response", `The function's answer can't be sent: ${answer.message}.`);
  } else {
    const { status, type, headers, body } = answer;
    outbox.begin(KIND.answer, number).u16(status).u8(type).sizedText(headers === null ? "" : stringify(headers));
    if (typeof body === "string") outbox.text(body);
    else outbox.bytes(body);
    outbox.end();
  }
  sendLast();
}

function fail(invocation: Running, response: Response, error: unknown): void {
  const description = describe(error);
  speak(invocation, 1, description);
  // The first answer stands, whatever came after it.
  if (Response.answered(response)) return end(invocation, response);
  const isAwaited = finish(invocation);
  Response.close(response);
  if (!isAwaited) return;
  refuse(invocation.number, "function_error", description);
  sendLast();
}

/** Takes the invocation off the list; false where it was cancelled, or has ended, and nobody waits for what it answers. */
function finish({ number, unfinished }: Running): boolean {
  finishLines(unfinished);
  return running.delete(number);
}

/** Sends the end of an invocation: at once when nothing else is in flight. */
function sendLast(): void {
  if (turnBegan !== 0) {
    ended += 1;
    if (ended >= BATCH || now() - turnBegan > LONG_TURN_MS) {
      ended = 0;
      sendNow();
    }
  } else if (running.size === 0) sendNow();
  else sendSoon();
}

function refuse(number: number, code: string, message: string): void {
  outbox.begin(KIND.refuse, number).u8(code.length).text(code).text(message).end();
}

// Log lines -------------------------------------------------------------------------------------------------------------

function here(): Running {
  return context.getStore() ?? nowhere;
}

function speak({ number }: Running, level: Level, message: string): void {
  if (outbox.size > MOST_UNSENT_BYTES) {
    dropped += 1;
    return;
  }
  if (dropped > 0) {
    outbox.begin(KIND.log, number).u8(1).text(`${dropped} log lines were dropped: too much was logged at once`).end();
    dropped = 0;
  }
  outbox.begin(KIND.log, number).u8(level).text(message).end();
  sendLine();
}

/** An exception with its stack, its causes and what it carries; anything else that was thrown as it prints. */
function describe(error: unknown): string {
  try {
    return error instanceof Error ? inspect(error) : `thrown: ${inspect(error)}`;
  } catch {
    return "an exception that can't be printed";
  }
}

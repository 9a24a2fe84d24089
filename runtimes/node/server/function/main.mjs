// The function's process: loads the function once and runs it for each invocation that the server sends.
import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import { outbox, receive, sendAll, sendNow, sendSoon, writeTo } from "./channel.mjs";
import { BATCH, FrameReader, KIND, LIFE, TAKES_MARKS } from "./frames.mjs";
import { List } from "./list.mjs";
import { loadFunction } from "./load.mjs";
import { captureOutput, finishLines } from "./output.mjs";
import { Request, RequestError, readEnvelope, readInvocation, readRaw } from "./request.mjs";
import { Response, ResponseError } from "./response.mjs";
import { traceIdOf } from "./trace.mjs";

// A turn that lasts longer, or has ended so many invocations, does not keep back what is ready: the server has use for it.
const LONG_TURN_MS = 1;

// Where it writes is said by a server that needs two sockets.
const [folder, entrypoint, outgoing] = process.argv.splice(2);
const exit = process.exit.bind(process);
const { now } = Date;
const { stringify } = JSON;
const context = new AsyncLocalStorage();
const nowhere = { number: 0 };
const running = new List();
/** None is asked for where it could not be loaded. */
let main;
/** When the frames that are being taken came, or 0, and how many invocations have ended since something was sent. */
let turnBegan = 0;
let ended = 0;
/** A ping or a mark was answered, and that may not have been sent yet. */
let marked = false;

if (outgoing !== undefined) writeTo(Number(outgoing));
captureOutput(here, (level, line) => speak(here(), level, line));
process.on("uncaughtException", logFailure);
process.on("unhandledRejection", logFailure);
process.on("exit", sayLast);

await load();
const reader = new FrameReader(take, { reused: true });
receive(takeChunk, () => exit(0));

async function load() {
  try {
    main = await loadFunction(folder, entrypoint);
    outbox.begin(KIND.ready, TAKES_MARKS).end();
  } catch (error) {
    outbox.begin(KIND.failed, 0).text(describe(error)).end();
  }
  sendNow();
}

/** What these frames lead to goes out in one write, unless an invocation among them holds the thread. */
function takeChunk(buffer, length) {
  turnBegan = now();
  ended = 0;
  reader.push(buffer, length);
  turnBegan = 0;
  if (ended > 0) sendNow();
}

function take(kind, number, buffer, start, end) {
  if (kind === KIND.invoke) {
    // Should the process end with this one, the server must know that it has begun.
    if (marked) sendAll();
    marked = false;
    try {
      invoke(number, buffer, start, end);
    } catch (error) {
      // Nothing may get out of here, or the frames behind this one would not be found.
      abandon(number);
      const description = describe(error);
      speak({ number }, 1, description);
      refuse(number, "function_error", description);
      sendLast();
    }
  } else if (kind === KIND.cancel) {
    abandon(number);
  } else if (kind === KIND.ping) {
    outbox.begin(KIND.pong, number).end();
    marked = true;
    if (number === LIFE) sendNow();
  }
}

// One invocation --------------------------------------------------------------------------------------------------------

function invoke(number, buffer, start, end) {
  const { bodyStart, deadline, head, id, raw } = readInvocation(buffer, start);
  // It has waited too long, and was answered 504: the word that cancels it may be right behind.
  if (now() >= deadline) return;
  let fields;
  try {
    fields = raw ? readRaw(head, buffer, bodyStart, end) : readEnvelope(buffer, bodyStart, end);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    refuse(number, error.code, error.message);
    sendLast();
    return;
  }
  if (!raw && fields.headers.traceparent !== undefined) {
    const trace = traceIdOf(fields.headers.traceparent);
    if (trace !== null) outbox.begin(KIND.trace, number).text(trace).end();
  }
  const invocation = { number, place: -1 };
  const request = new Request(id, deadline, fields, (level, message) => speak(invocation, level, asText(message)));
  running.add(invocation);
  context.run(invocation, run, invocation, request, new Response());
}

function run(invocation, request, response) {
  try {
    const result = main(request, response);
    // Whose `then` it is nobody knows: looking for it and calling it may throw, and it may call both, or twice.
    if (typeof result?.then === "function") {
      result.then(
        () => end(invocation, response),
        (error) => fail(invocation, response, error),
      );
      return;
    }
  } catch (error) {
    fail(invocation, response, error);
    return;
  }
  end(invocation, response);
}

function end(invocation, response) {
  if (!finish(invocation, response)) return;
  const { number } = invocation;
  const answer = Response.close(response);
  if (answer === null) {
    refuse(number, "no_response", "The function ended without an answer.");
  } else if (answer instanceof ResponseError) {
    refuse(number, "invalid_response", `The function's answer can't be sent: ${answer.message}.`);
  } else {
    const { body, list, status, type } = answer;
    const head = list === null ? "" : stringify(list);
    outbox.begin(KIND.answer, number).u16(status).u8(type).sizedText(head);
    if (typeof body === "string") outbox.text(body);
    else outbox.put(body);
    outbox.end();
  }
  sendLast();
}

function fail(invocation, response, error) {
  const description = describe(error);
  speak(invocation, 1, description);
  // The first answer stands, whatever came after it.
  if (Response.answered(response)) {
    end(invocation, response);
  } else if (finish(invocation, response)) {
    Response.close(response);
    refuse(invocation.number, "function_error", description);
    sendLast();
  }
}

/** Takes the invocation off the list; false where it was cancelled and nobody waits for what it answers. */
function finish(invocation, response) {
  finishLines(invocation, (level, line) => speak(invocation, level, line));
  if (invocation.place < 0) {
    Response.close(response);
    return false;
  }
  running.delete(invocation);
  return true;
}

/** Has an invocation be cancelled, wherever it is. */
function abandon(number) {
  for (const invocation of running.items()) if (invocation.number === number) running.delete(invocation);
}

/** Sends the end of an invocation: at once when nothing else is in flight. */
function sendLast() {
  if (turnBegan !== 0) {
    ended += 1;
    if (ended < BATCH && now() - turnBegan <= LONG_TURN_MS) return;
    ended = 0;
    sendNow();
  } else if (running.size === 0) sendNow();
  else sendSoon();
}

function refuse(number, code, message) {
  outbox.begin(KIND.refuse, number).u8(code.length).text(code).text(message).end();
}

// Log lines -------------------------------------------------------------------------------------------------------------

function here() {
  return context.getStore() ?? nowhere;
}

function speak({ number }, level, message) {
  outbox.begin(KIND.log, number).u8(level).text(message).end();
  sendAll();
}

/** What is begun or collected goes out before the process ends. */
function sayLast() {
  for (const invocation of [nowhere, ...running.items()]) {
    finishLines(invocation, (level, line) => speak(invocation, level, line));
  }
  sendAll();
}

function logFailure(error) {
  speak(here(), 1, describe(error));
}

function asText(message) {
  return typeof message === "string" ? message : inspect(message);
}

/** An exception with its stack, its causes and what it carries; anything else that was thrown as it prints. */
function describe(error) {
  try {
    return error instanceof Error ? inspect(error) : `thrown: ${inspect(error)}`;
  } catch {
    return "an exception that can't be printed";
  }
}

// The function process: loads the function once and runs it for each invocation that the server sends.
import { AsyncLocalStorage } from "node:async_hooks";
import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { traceIdOf } from "../contract.mjs";
import { List } from "../flight.mjs";
import { FRAME_START, FrameReader, frame, KIND, textFrame } from "../frames.mjs";
import { afterSending, receive, send, sendNow } from "./channel.mjs";
import { loadFunction } from "./load.mjs";
import { captureOutput, finishLines } from "./output.mjs";
import { Request, RequestError, readEnvelope, readInvocation, readRaw } from "./request.mjs";
import { answerFrame, Response, ResponseError } from "./response.mjs";

const [folder, entrypoint, start] = process.argv.splice(2);
const exit = process.exit.bind(process);
const { now } = Date;
const context = new AsyncLocalStorage();
const nowhere = { number: 0 };
const running = new List();
/** What came before the function was loaded. */
const early = [];
let main = null;
let loads = start !== "standby";
let draining = false;

preferToDie();
if (loads) load();
captureOutput(
  () => context.getStore() ?? nowhere,
  (level, line) => speak(context.getStore() ?? nowhere, level, line),
);
process.on("uncaughtException", logFailure);
process.on("unhandledRejection", logFailure);

const reader = new FrameReader(take);
receive(
  (chunk) => reader.push(chunk),
  () => exit(0),
);

function take(kind, number, bytes) {
  // A standby loads the function when it is needed: the first frame says so.
  if (!loads) {
    loads = true;
    load();
  }
  if (kind === KIND.invoke) {
    if (main) invoke(number, bytes);
    else early.push([number, bytes]);
  } else if (kind === KIND.cancel) {
    for (const invocation of running.items()) if (invocation.number === number) running.delete(invocation);
  } else if (kind === KIND.ping) {
    sendNow(frame(KIND.pong, 0, 0));
  } else if (kind === KIND.drain) {
    draining = true;
    endWhenDrained();
  }
}

async function load() {
  // The first turn belongs to the set-up below: the function's module must find its output captured.
  await null;
  try {
    main = await loadFunction(folder, entrypoint);
    sendNow(frame(KIND.ready, 0, 0));
  } catch (error) {
    sendNow(textFrame(KIND.failed, 0, describe(error)));
  }
  for (const [number, bytes] of early.splice(0)) if (main) invoke(number, bytes);
  if (draining) endWhenDrained();
}

/** Where memory runs out the kernel ends this process and not the server. */
function preferToDie() {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not on this system: then the kernel chooses.
  }
}

// One invocation --------------------------------------------------------------------------------------------------------

function invoke(number, bytes) {
  const { body, deadline, head, id, raw } = readInvocation(bytes);
  // It has waited too long, and was answered 504: the word that cancels it may be right behind.
  if (now() >= deadline) return;
  const invocation = { number, place: -1 };
  let fields;
  try {
    fields = raw ? readRaw(head, body) : readEnvelope(body);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    send(refusal(number, error.code, error.message));
    return;
  }
  if (!raw && fields.headers.traceparent !== undefined) {
    const trace = traceIdOf(fields.headers.traceparent);
    if (trace !== null) send(textFrame(KIND.trace, number, trace));
  }
  const request = new Request(id, deadline, fields, (level, message) => speak(invocation, level, asText(message)));
  const response = new Response();
  running.add(invocation);
  context.run(invocation, run, invocation, request, response);
}

function run(invocation, request, response) {
  let result;
  try {
    result = main(request, response);
  } catch (error) {
    fail(invocation, response, error);
    return;
  }
  if (typeof result?.then === "function") {
    result.then(
      () => end(invocation, response),
      (error) => fail(invocation, response, error),
    );
  } else {
    end(invocation, response);
  }
}

function end(invocation, response) {
  if (!finish(invocation, response)) return;
  const { number } = invocation;
  const answer = Response.close(response);
  if (answer === null) {
    sendLast(refusal(number, "no_response", "The function ended without an answer."));
  } else if (answer instanceof ResponseError) {
    sendLast(refusal(number, "invalid_response", `The function's answer can't be sent: ${answer.message}.`));
  } else {
    sendLast(answerFrame(number, answer));
  }
}

function fail(invocation, response, error) {
  const description = describe(error);
  speak(invocation, 1, description);
  // The first answer stands, whatever came after it.
  if (Response.answered(response)) {
    end(invocation, response);
  } else if (finish(invocation, response)) {
    Response.close(response);
    sendLast(refusal(invocation.number, "function_error", description));
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

/** Sends the end of an invocation: at once when nothing else is in flight. */
function sendLast(bytes) {
  if (running.size === 0) sendNow(bytes);
  else send(bytes);
  if (draining) endWhenDrained();
}

function endWhenDrained() {
  if (running.size + early.length === 0) afterSending(() => exit(0));
}

function refusal(number, code, message) {
  const text = Buffer.from(message);
  const bytes = frame(KIND.refuse, number, 1 + code.length + text.length);
  bytes[FRAME_START] = code.length;
  bytes.latin1Write(code, FRAME_START + 1);
  bytes.set(text, FRAME_START + 1 + code.length);
  return bytes;
}

// Log lines -------------------------------------------------------------------------------------------------------------

function speak(invocation, level, message) {
  const text = Buffer.from(message);
  const bytes = frame(KIND.log, invocation.number, 1 + text.length);
  bytes[FRAME_START] = level;
  bytes.set(text, FRAME_START + 1);
  sendNow(bytes);
}

function logFailure(error) {
  speak(context.getStore() ?? nowhere, 1, describe(error));
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

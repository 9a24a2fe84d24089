// The environment, read once at start.
import { closeSync, readFileSync } from "node:fs";
import { LIMIT } from "./contract.mjs";

/** A setting that can't be read. The message names the variable and says what it may be. */
export class SettingError extends Error {}

export function readSettings(env) {
  return {
    secret: readSecret(env),
    host: env.RUNTIME_HOST ?? "0.0.0.0",
    port: whole(env, "RUNTIME_PORT", 3000, 65_535),
    development: env.RUNTIME_ENV === "development",
    timeoutMs: seconds(env, "RUNTIME_TIMEOUT", 30),
    graceMs: seconds(env, "RUNTIME_GRACE", 10),
    maxBody: whole(env, "RUNTIME_MAX_BODY", 20 * 1024 * 1024, 1024 ** 3),
    concurrency: whole(env, "RUNTIME_CONCURRENCY", 100, 1_000_000),
    workers: whole(env, "RUNTIME_WORKERS", 1, 1024),
    entrypoint: env.RUNTIME_ENTRYPOINT ?? null,
    source: env.FUNCTION_SOURCE ?? "/function/source",
    build: env.FUNCTION_BUILD ?? "/function/build",
    functionEnv: functionEnvironment(env),
  };
}

/** launch.sh hands the secret over through a descriptor, so that no process's environment ever shows it. */
function readSecret(env) {
  let text;
  if (env.RUNTIME_SECRET_FD !== undefined) {
    const descriptor = Number(env.RUNTIME_SECRET_FD);
    text = readFileSync(descriptor, "utf8");
    closeSync(descriptor);
  } else if (env.RUNTIME_SECRET_FILE !== undefined) {
    try {
      text = readFileSync(env.RUNTIME_SECRET_FILE, "utf8");
    } catch (error) {
      throw new SettingError(`RUNTIME_SECRET_FILE can't be read: ${error.message}`);
    }
  } else {
    throw new SettingError(
      "RUNTIME_SECRET is not set: give it, or RUNTIME_SECRET_FILE, the secret that callers must send",
    );
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") {
    const name = env.RUNTIME_SECRET_FD === undefined ? "RUNTIME_SECRET_FILE" : "RUNTIME_SECRET";
    throw new SettingError(`${name} is empty: it must hold the secret that callers must send`);
  }
  return secret;
}

function whole(env, name, fallback, maximum) {
  const text = env[name];
  if (text === undefined) return fallback;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > maximum) {
    throw new SettingError(`${name} is ${JSON.stringify(text)}: it must be a whole number from 1 to ${maximum}`);
  }
  return value;
}

function seconds(env, name, fallback) {
  const text = env[name] ?? String(fallback);
  const value = parseSeconds(text);
  if (value === null || value > 31_536_000) {
    throw new SettingError(
      `${name} is ${JSON.stringify(text)}: it must be a positive number of seconds, at most a year`,
    );
  }
  return value * 1000;
}

/** A positive decimal number, or null. */
export function parseSeconds(text) {
  const value = /^[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : null;
}

/** What the function process is started with. launch.sh keeps NODE_OPTIONS away from the server, for the function only. */
function functionEnvironment(env) {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("RUNTIME_")));
  if (env.RUNTIME_NODE_OPTIONS !== undefined) kept.NODE_OPTIONS = env.RUNTIME_NODE_OPTIONS;
  return kept;
}

export const CONFIGURATION_EXIT = LIMIT.configurationExit;

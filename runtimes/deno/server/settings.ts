// The environment, read once at start.
import { LIMIT } from "./contract.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly secret: string;
  readonly host: string;
  readonly port: number;
  readonly development: boolean;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly maxBody: number;
  readonly concurrency: number;
  readonly workers: number;
  readonly entrypoint: string;
  readonly source: string;
  readonly build: string;
  /** Flags of Deno for the function's process: what it may do beyond the usual, the inspector. */
  readonly flags: readonly string[];
  /** What the function may see of the environment. */
  readonly functionEnv: Readonly<Record<string, string>>;
  /** The cache of compiled modules, which is Deno's own business. */
  readonly cache: string;
}

/** A setting that can't be read. The message names the variable and says what it may be. */
export class SettingError extends Error {}

export function readSettings(env: Env): Settings {
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
    entrypoint: env.RUNTIME_ENTRYPOINT ?? "",
    source: env.FUNCTION_SOURCE ?? "/function/source",
    build: env.FUNCTION_BUILD ?? "/function/build",
    flags: (env.RUNTIME_DENO_FLAGS ?? "").split(/\s+/).filter((flag) => flag !== ""),
    functionEnv: functionEnvironment(env),
    cache: env.DENO_DIR ?? "/tmp/deno",
  };
}

/** launch.sh hands the secret over on standard input, so that no process's environment ever shows it. */
function readSecret(env: Env): string {
  let name: string;
  let text: string;
  if (env.RUNTIME_SECRET_FD !== undefined) {
    name = "RUNTIME_SECRET";
    text = readStandardInput();
  } else if (env.RUNTIME_SECRET_FILE !== undefined) {
    name = "RUNTIME_SECRET_FILE";
    try {
      text = Deno.readTextFileSync(env.RUNTIME_SECRET_FILE);
    } catch (error) {
      throw new SettingError(`${name} can't be read: ${(error as Error).message}`);
    }
  } else {
    throw new SettingError(
      "RUNTIME_SECRET is not set: give it, or RUNTIME_SECRET_FILE, the secret that callers must send",
    );
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new SettingError(`${name} is empty: it must hold the secret that callers must send`);
  return secret;
}

function readStandardInput(): string {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(4096);
  let text = "";
  for (let length = Deno.stdin.readSync(chunk); length !== null; length = Deno.stdin.readSync(chunk)) {
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
  }
  return text + decoder.decode();
}

function whole(env: Env, name: string, fallback: number, maximum: number): number {
  const text = env[name];
  if (text === undefined) return fallback;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > maximum) {
    throw new SettingError(`${name} is ${JSON.stringify(text)}: it must be a whole number from 1 to ${maximum}`);
  }
  return value;
}

function seconds(env: Env, name: string, fallback: number): number {
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
export function parseSeconds(text: string): number | null {
  const value = /^[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : null;
}

function functionEnvironment(env: Env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !name.startsWith("RUNTIME_")) kept[name] = value;
  }
  // launch.sh sets this one for Deno itself, and keeps what it was.
  delete kept.DENO_DIR;
  if (env.RUNTIME_DENO_DIR !== undefined) kept.DENO_DIR = env.RUNTIME_DENO_DIR;
  return kept;
}

export const CONFIGURATION_EXIT = LIMIT.configurationExit;

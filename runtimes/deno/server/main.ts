// Starts the function's process first, and loads the HTTP side while that one comes up.
import type { HttpServer } from "./http.ts";
import { drainOnSignal } from "./lifecycle.ts";
import { flushLog, writeLine } from "./logs.ts";
import { Pool } from "./pool.ts";
import { CONFIGURATION_EXIT, readSettings, SettingError, type Settings } from "./settings.ts";

addEventListener("error", (event) => {
  event.preventDefault();
  giveUp(event.error);
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  giveUp(event.reason);
});

try {
  await main(readSettings(Deno.env.toObject()));
} catch (error) {
  const setting = error instanceof SettingError;
  writeLine("error", null, setting ? error.message : `the server can't start: ${describe(error)}`);
  await flushLog(500);
  Deno.exit(setting ? CONFIGURATION_EXIT : 1);
}

async function main(settings: Settings): Promise<void> {
  const { build, source, entrypoint, flags, functionEnv: env, cache, host, port } = settings;
  const folder = isEmpty(build) ? source : build;
  let http: HttpServer;
  const pool = new Pool({ folder, entrypoint, flags, env, cache }, {
    answered: (invocation, bytes) => http.answered(invocation, bytes),
    refused: (invocation, code, message) => http.refused(invocation, code, message),
  });
  try {
    const loaded = pool.start(settings.workers);
    const { HttpServer } = await import("./http.ts");
    http = new HttpServer(settings, pool);
    drainOnSignal(settings.graceMs, pool, http);
    await loaded;
    pool.started();
    listen(http, host, port);
  } catch (error) {
    pool.stop();
    throw error;
  }
  writeLine("info", null, `listening on ${host}:${port}`);
}

function listen(http: HttpServer, host: string, port: number): void {
  try {
    http.listen(host, port);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === "EADDRINUSE" || code === "EACCES") {
      throw new SettingError(`RUNTIME_PORT is ${port}: it can't be listened on (${code})`);
    }
    throw new SettingError(`RUNTIME_HOST is ${JSON.stringify(host)}: it can't be listened on (${code ?? message})`);
  }
}

/** A folder that holds nothing to launch: then it is the source that is launched. */
function isEmpty(folder: string): boolean {
  try {
    for (const _ of Deno.readDirSync(folder)) return false;
    return true;
  } catch {
    return true;
  }
}

/** A fault of the server's own: whoever runs it starts it again. */
async function giveUp(error: unknown): Promise<void> {
  writeLine("error", null, `the server failed: ${describe(error)}`);
  await flushLog(500);
  Deno.exit(1);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

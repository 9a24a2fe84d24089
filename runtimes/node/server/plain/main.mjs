// Starts the function process first, and loads the HTTP side while that one comes up.
import { readdirSync } from "node:fs";
import { flushLog, surviveLostReader, writeLine } from "./logs.mjs";
import { Pool } from "./pool.mjs";
import { CONFIGURATION_EXIT, readSettings, SettingError } from "./settings.mjs";

surviveLostReader();
process.on("uncaughtException", async (error) => {
  writeLine("error", null, `the server failed: ${error?.stack ?? error}`);
  await flushLog(500);
  process.exit(1);
});

try {
  await main(readSettings(process.env));
} catch (error) {
  const setting = error instanceof SettingError;
  writeLine("error", null, setting ? error.message : `the server can't start: ${error.stack}`);
  process.exitCode = setting ? CONFIGURATION_EXIT : 1;
}

async function main(settings) {
  let http;
  const pool = new Pool(
    {
      entrypoint: settings.entrypoint,
      env: settings.functionEnv,
      folder: isEmpty(settings.build) ? settings.source : settings.build,
      workers: settings.workers,
    },
    {
      answer: (invocation, bytes) => http.answered(invocation, bytes),
      refuse: (invocation, code, message) => http.refused(invocation, code, message),
    },
  );
  const loaded = pool.start();
  try {
    const [{ HttpServer }, { drainOnSignal }] = await Promise.all([import("./http.mjs"), import("./lifecycle.mjs")]);
    http = new HttpServer(settings, pool);
    drainOnSignal(settings, pool, http);
    await loaded;
    pool.started();
    await listen(http, settings);
  } catch (error) {
    pool.stop();
    throw error;
  }
  writeLine("info", null, `listening on ${settings.host}:${settings.port}`);
}

async function listen(http, { host, port }) {
  try {
    await http.listen(host, port);
  } catch (error) {
    if (error.code === "EADDRINUSE" || error.code === "EACCES") {
      throw new SettingError(`RUNTIME_PORT is ${port}: it can't be listened on (${error.code})`);
    }
    throw new SettingError(`RUNTIME_HOST is ${JSON.stringify(host)}: it can't be listened on (${error.code})`);
  }
}

/** A folder that holds nothing to launch: then it is the source that is launched. */
function isEmpty(folder) {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return true;
  }
}

// The end of the server: by a signal, in order.
import type { HttpServer } from "./http.ts";
import { flushLog } from "./logs.ts";
import type { Pool } from "./pool.ts";

const FLUSH_MS = 500;

export function drainOnSignal(graceMs: number, pool: Pool, http: HttpServer): void {
  let draining = false;
  const drain = () => {
    if (draining) return;
    draining = true;
    shutDown(graceMs, pool, http);
  };
  Deno.addSignalListener("SIGTERM", drain);
  Deno.addSignalListener("SIGINT", drain);
}

async function shutDown(graceMs: number, pool: Pool, http: HttpServer): Promise<void> {
  const end = Date.now() + graceMs;
  const closed = http.close();
  pool.drain();
  while (pool.inFlight > 0 && Date.now() < end) await pause(Math.min(20, end - Date.now()));
  pool.refuseAll("shutting_down", "The runtime shut down before the function had answered.");
  // The last answers are on their way to clients that may be slow, or idle on a connection that they keep.
  await Promise.race([closed, sent(http, end)]);
  http.closeConnections();
  pool.stop();
  await flushLog(FLUSH_MS);
  Deno.exit(0);
}

async function sent(http: HttpServer, end: number): Promise<void> {
  await pause(FLUSH_MS);
  while (http.sending && Date.now() < end) await pause(20);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

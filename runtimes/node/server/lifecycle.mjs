// The end of the server: by a signal, in order.
import { flushLog } from "./logs.mjs";

const FLUSH_MS = 500;

export function drainOnSignal(settings, pool, http) {
  let draining = false;
  const drain = () => {
    if (draining) return;
    draining = true;
    shutDown(settings, pool, http);
  };
  process.on("SIGTERM", drain);
  process.on("SIGINT", drain);
}

async function shutDown(settings, pool, http) {
  const closed = http.close();
  pool.drain();
  await idle(pool, settings.graceMs);
  pool.refuseAll("shutting_down", "The runtime shut down before the function had answered.");
  // The last answers are on their way to clients that may be slow, or idle on a connection that they keep.
  await Promise.race([closed, pause(FLUSH_MS)]);
  http.closeConnections();
  pool.stop();
  await flushLog(FLUSH_MS);
  process.exit(0);
}

async function idle(pool, graceMs) {
  const end = Date.now() + graceMs;
  while (pool.inFlight > 0 && Date.now() < end) await pause(Math.min(20, end - Date.now()));
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

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
  const end = Date.now() + settings.graceMs;
  const closed = http.close();
  pool.drain();
  await idle(pool, end);
  pool.refuseAll("shutting_down", "The runtime shut down before the function had answered.");
  // The last answers are on their way to clients that may be slow, or idle on a connection that they keep.
  await Promise.race([closed, sent(http, end)]);
  http.closeConnections();
  pool.stop();
  await flushLog(FLUSH_MS);
  process.exit(0);
}

async function idle(pool, end) {
  while (pool.inFlight > 0 && Date.now() < end) await pause(Math.min(20, end - Date.now()));
}

async function sent(http, end) {
  await pause(FLUSH_MS);
  while (http.sending && Date.now() < end) await pause(20);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Whose a failure is that nobody has caught.

const { apply } = Reflect;
const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;

/** What a timer threw last, and in whose context. */
let failure: { error: unknown; context: unknown } | null = null;

/**
 * Has timers note in whose context they fail: Deno tells of it in that of its event loop, which an import may have left as
 * another invocation's.
 */
export function watchTimers(current: () => unknown): void {
  for (const name of TIMERS) {
    const original = globalThis[name] as (callback: unknown, ...rest: unknown[]) => unknown;
    const watching = (callback: unknown, ...rest: unknown[]) =>
      original(typeof callback === "function" ? watched(callback, current) : callback, ...rest);
    Object.defineProperties(watching, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(globalThis, name, { configurable: true, enumerable: true, value: watching, writable: true });
  }
}

// deno-lint-ignore ban-types -- whatever a timer may be given
function watched(callback: Function, current: () => unknown): Function {
  return function (this: unknown, ...given: unknown[]) {
    try {
      return apply(callback, this, given);
    } catch (error) {
      failure = { error, context: current() };
      throw error;
    }
  };
}

/** The context in which a timer threw this, or else the present one. */
export function contextOf<Context>(error: unknown, current: () => Context): Context {
  const context = failure?.error === error ? failure?.context as Context : current();
  failure = null;
  return context;
}

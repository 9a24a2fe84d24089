// The conformance function; ../README.md says what each step does.
import type { Handler, Request } from "slipway";
import { type Step, UnknownStep } from "./arguments.ts";
import { type Invocation, steps } from "./steps.ts";

// The step "patch" replaces JSON's own.
const { parse } = JSON;

const main: Handler = async (req, res) => {
  const invocation: Invocation = { req, res, seen: {}, held: [] };
  for (const step of programOf(req)) {
    if (!Object.hasOwn(steps, step.do as string)) throw new UnknownStep(step);
    await steps[step.do as string](step, invocation);
  }
};

export default main;

function programOf({ payload, headers }: Request): Step[] {
  if (typeof payload === "object" && payload !== null && Object.hasOwn(payload, "steps")) return payload.steps;
  const header = headers["x-conformance-steps"];
  return header === undefined ? [{ do: "report" }] : parse(header);
}

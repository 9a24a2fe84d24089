// The conformance function; ../README.md says what each step does.
import { report, steps } from "./steps.js";

// The step "patch" replaces JSON's own.
const { parse } = JSON;

export default async function main(req, res) {
  const invocation = { req, res, seen: {}, held: [] };
  for (const step of programOf(req)) {
    const run = Object.hasOwn(steps, step?.do) ? steps[step.do] : undefined;
    if (run === undefined) throw new Error(`unknown step: ${step?.do}`);
    await run(step, invocation);
  }
}

function programOf(req) {
  const { payload } = req;
  if (typeof payload === "object" && payload !== null && Object.hasOwn(payload, "steps")) return payload.steps;
  const header = req.headers["x-conformance-steps"];
  return header === undefined ? [{ do: report.name }] : parse(header);
}

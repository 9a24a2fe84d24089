// The arguments of a step: one of the wrong type makes the step unknown.

/** The step's arguments as `types` wants them: name to type, with a question mark where it may be missing. */
export function argumentsOf(step, types) {
  const found = {};
  for (const [name, type] of Object.entries(types)) {
    const wanted = type.replace("?", "");
    const value = step[name];
    if (value === undefined && type.endsWith("?")) continue;
    if (typeof value !== wanted || value === null) throw new Error(`unknown step: ${step.do}`);
    found[name] = value;
  }
  return found;
}

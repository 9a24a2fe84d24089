// The arguments of a step: one of the wrong type makes the step unknown.

/** A step as the request carries it. */
export type Step = Record<string, unknown>;

interface Types {
  string: string;
  number: number;
  object: Record<string, string | string[]>;
}

type Wanted = Record<string, keyof Types | `${keyof Types}?`>;

/** What a step has where this is wanted: a type with a question mark may be missing. */
type Found<W extends Wanted> = {
  [Name in keyof W]: W[Name] extends `${infer T extends keyof Types}?` ? Types[T] | undefined
    : W[Name] extends keyof Types ? Types[W[Name]]
    : never;
};

export class UnknownStep extends Error {
  constructor(step: Step) {
    super(`unknown step: ${step.do}`);
  }
}

export function argumentsOf<const W extends Wanted>(step: Step, wanted: W): Found<W> {
  const found: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(wanted)) {
    const value = step[name];
    if (value === undefined && type.endsWith("?")) continue;
    if (typeof value !== type.replace("?", "") || value === null) throw new UnknownStep(step);
    found[name] = value;
  }
  return found as Found<W>;
}

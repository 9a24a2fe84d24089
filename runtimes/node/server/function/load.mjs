// Finds the function's file and takes the function out of it.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const DEFAULTS = ["index.js", "index.mjs", "index.cjs", "index.ts"];

/** Loads the function from a folder; `entrypoint` may be empty. Throws an Error that says what is wrong, and where. */
export async function loadFunction(folder, entrypoint) {
  const file = find(folder, entrypoint);
  const module = await import(pathToFileURL(file).href);
  // module.exports = …, export default …, and what compilers make of the latter.
  for (const candidate of [module.default, module.default?.default]) {
    if (typeof candidate === "function") return candidate;
  }
  throw new Error(`${file} exports no function: use module.exports = … or export default …`);
}

function find(folder, entrypoint) {
  if (entrypoint !== "") {
    const file = resolve(folder, entrypoint);
    if (existsSync(file)) return file;
    throw new Error(`${file} does not exist: RUNTIME_ENTRYPOINT must name a file of the function`);
  }
  for (const name of DEFAULTS) {
    const file = join(folder, name);
    if (existsSync(file)) return file;
  }
  throw new Error(`${folder} has none of ${DEFAULTS.join(", ")}: add one, or name another in RUNTIME_ENTRYPOINT`);
}

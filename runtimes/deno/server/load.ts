// Finds the function's file and takes the function out of it.
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";

export type Handler = (request: Request, response: Response) => unknown;

const DEFAULTS = ["main.ts", "mod.ts", "index.ts", "main.js", "mod.js", "index.js"];

/** Loads the function from a folder; `entrypoint` may be empty. Throws an Error that says what is wrong, and where. */
export async function loadFunction(folder: string, entrypoint: string): Promise<Handler> {
  const file = find(folder, entrypoint);
  const { default: handler } = await import(fileUrl(file));
  if (typeof handler === "function") return handler;
  throw new Error(`${file} exports no function: use export default …`);
}

function fileUrl(path: string): string {
  return `file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;
}

function find(folder: string, entrypoint: string): string {
  if (entrypoint !== "") {
    const file = entrypoint.startsWith("/") ? entrypoint : `${folder}/${entrypoint}`;
    if (exists(file)) return file;
    throw new Error(`${file} does not exist: RUNTIME_ENTRYPOINT must name a file of the function`);
  }
  for (const name of DEFAULTS) if (exists(`${folder}/${name}`)) return `${folder}/${name}`;
  throw new Error(`${folder} has none of ${DEFAULTS.join(", ")}: add one, or name another in RUNTIME_ENTRYPOINT`);
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

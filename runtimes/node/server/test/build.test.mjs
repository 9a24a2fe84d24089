import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../build.sh", import.meta.url));

function keepsPackages(files) {
  const folder = mkdtempSync(join(tmpdir(), "build-"));
  const [source, build] = [join(folder, "source"), join(folder, "build")];
  mkdirSync(join(source, "node_modules/own"), { recursive: true });
  for (const [name, content] of Object.entries({ "index.js": "", "node_modules/own/index.js": "", ...files })) {
    writeFileSync(join(source, name), content);
  }
  const env = { ...process.env, FUNCTION_SOURCE: source, FUNCTION_BUILD: build };
  execFileSync("sh", [script], { env, stdio: "pipe" });
  const kept = existsSync(join(build, "node_modules/own/index.js"));
  rmSync(folder, { recursive: true });
  return kept;
}

test("packages without a manifest are kept", () => {
  assert.equal(keepsPackages({}), true);
  assert.equal(keepsPackages({ "package.json": "{}" }), false);
});

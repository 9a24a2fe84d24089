import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSettings, SettingError } from "../../plain/settings.mjs";

function withSecret(text, use) {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  const file = join(folder, "secret");
  writeFileSync(file, text);
  try {
    return use({ RUNTIME_SECRET_FILE: file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the secret loses one trailing line break", () => {
  assert.equal(
    withSecret("s\n\n", (env) => readSettings(env).secret),
    "s\n",
  );
});

test("without a secret there is no server", () => {
  assert.throws(() => readSettings({}), SettingError);
  assert.throws(() => readSettings({ RUNTIME_SECRET_FILE: "/nonexistent" }), /RUNTIME_SECRET_FILE/);
  withSecret("\n", (env) => assert.throws(() => readSettings(env), SettingError));
});

test("a setting that can't be read is named", () => {
  withSecret("s", (env) => {
    for (const [name, wrong] of [
      ["RUNTIME_PORT", "65536"],
      ["RUNTIME_PORT", "http"],
      ["RUNTIME_TIMEOUT", "0"],
      ["RUNTIME_TIMEOUT", "1e3"],
      ["RUNTIME_GRACE", "-1"],
      ["RUNTIME_MAX_BODY", "1.5"],
      ["RUNTIME_CONCURRENCY", ""],
      ["RUNTIME_WORKERS", "none"],
    ]) {
      assert.throws(() => readSettings({ ...env, [name]: wrong }), new RegExp(name), `${name}=${wrong}`);
    }
  });
});

test("the function's environment has none of the runtime's variables", () => {
  const { functionEnv } = withSecret("s", (env) =>
    readSettings({ ...env, A: "1", RUNTIME_PORT: "3000", RUNTIME_NODE_OPTIONS: "--inspect" }),
  );
  assert.deepEqual(functionEnv, { A: "1", NODE_OPTIONS: "--inspect" });
});

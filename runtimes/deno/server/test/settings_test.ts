import assert from "node:assert/strict";
import { readSettings, SettingError } from "../settings.ts";

function withSecret<T>(text: string, use: (env: Record<string, string>) => T): T {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, text);
  try {
    return use({ RUNTIME_SECRET_FILE: file });
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("the secret loses one trailing line break", () => {
  assert.equal(withSecret("s\n\n", readSettings).secret, "s\n");
});

Deno.test("without a secret there is no server", () => {
  assert.throws(() => readSettings({}), SettingError);
  assert.throws(() => readSettings({ RUNTIME_SECRET_FILE: "/nonexistent" }), /RUNTIME_SECRET_FILE/);
  withSecret("\n", (env) => assert.throws(() => readSettings(env), SettingError));
});

Deno.test("a setting that can't be read is named", () => {
  const wrong = {
    RUNTIME_PORT: ["65536", "http", "0"],
    RUNTIME_TIMEOUT: ["0", "1e3", "soon"],
    RUNTIME_GRACE: ["-1"],
    RUNTIME_MAX_BODY: ["1.5", "20MiB"],
    RUNTIME_CONCURRENCY: [""],
    RUNTIME_WORKERS: ["none"],
  };
  withSecret("s", (env) => {
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        assert.throws(() => readSettings({ ...env, [name]: value }), new RegExp(name), `${name}=${value}`);
      }
    }
  });
});

Deno.test("the function's environment has none of the runtime's variables", () => {
  const { functionEnv, flags } = withSecret("s", (env) =>
    readSettings({
      ...env,
      A: "1",
      DENO_DIR: "/runtime/cache",
      RUNTIME_DENO_DIR: "/mine",
      RUNTIME_DENO_FLAGS: " --inspect --allow-run=ls ",
      RUNTIME_PORT: "3000",
    }));
  assert.deepEqual(functionEnv, { A: "1", DENO_DIR: "/mine" });
  assert.deepEqual(flags, ["--inspect", "--allow-run=ls"]);
});

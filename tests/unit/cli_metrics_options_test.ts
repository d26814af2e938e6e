import assert from "node:assert/strict";
import { Failure, UsageError } from "../../lib/cli/failure.ts";
import { metricsOptions } from "../../lib/cli/metrics_options.ts";

const TOKEN = "0123456789abcdef";

function options(metrics?: string, token?: string) {
  const map = new Map<string, string>();
  if (metrics !== undefined) map.set("metrics", metrics);
  if (token !== undefined) map.set("metrics-token", token);
  return metricsOptions(map);
}

Deno.test("--metrics is a port of this machine, or an address that others need a token for", async () => {
  const file = await Deno.makeTempFile();
  try {
    Deno.writeTextFileSync(file, `${TOKEN}\n`);
    assert.equal(options(), undefined);
    assert.deepEqual(options("9860"), {
      portal: { hostname: "127.0.0.1", port: 9860 },
      token: undefined,
    });
    assert.deepEqual(options("[::1]:0")?.portal, { hostname: "::1", port: 0 });
    assert.deepEqual(options("0.0.0.0:9860", file)?.token, TOKEN);
    assert.throws(() => options("0.0.0.0:9860"), /^UsageError: Others could read the metrics at /);
    assert.throws(() => options(undefined, file), UsageError);
    for (const wrong of ["127.0.0.1", "[::1]", "localhost:1", "65536", ":1", "", "1.2.3.4:x"]) {
      assert.throws(() => options(wrong), /^UsageError: --metrics must be PORT or /, wrong);
    }
    for (const text of ["", "short", `${TOKEN}\n${TOKEN}`, `${TOKEN} x`, `${TOKEN}\n\n`]) {
      Deno.writeTextFileSync(file, text);
      assert.throws(
        () => options("9860", file),
        (error: unknown) => error instanceof Failure && !error.message.includes(TOKEN),
      );
    }
    assert.throws(() => options("9860", `${file}.none`), /^Failure: Cannot read the token in /);
  } finally {
    await Deno.remove(file);
  }
});

import assert from "node:assert/strict";
import { Failure } from "../../lib/cli/failure.ts";
import { absolutePath, defaultStateDir, stateDir } from "../../lib/cli/state_dir.ts";

Deno.test("defaultStateDir() follows systemd, then the user, then XDG", () => {
  const table: [Record<string, string>, number, string][] = [
    [{ STATE_DIRECTORY: "/s/a:/s/b", HOME: "/h" }, 0, "/s/a"],
    [{ STATE_DIRECTORY: "/s/a", XDG_STATE_HOME: "/x" }, 1000, "/s/a"],
    [{ XDG_STATE_HOME: "/x", HOME: "/h" }, 0, "/var/lib/scst"],
    [{ STATE_DIRECTORY: "", HOME: "/h" }, 0, "/var/lib/scst"],
    [{ XDG_STATE_HOME: "/x", HOME: "/h" }, 1000, "/x/scst"],
    [{ XDG_STATE_HOME: "relative", HOME: "/h" }, 1000, "/h/.local/state/scst"],
    [{ HOME: "/h" }, 1000, "/h/.local/state/scst"],
  ];
  for (const [env, uid, dir] of table) assert.equal(defaultStateDir((name) => env[name], uid), dir);
});

Deno.test("defaultStateDir() asks for --state where nothing else is known", () => {
  assert.throws(() => defaultStateDir(() => undefined, 1000), Failure);
});

Deno.test("stateDir() makes a given directory absolute", () => {
  assert.equal(stateDir("/a"), "/a");
  assert.equal(stateDir("a/b"), `${Deno.cwd()}/a/b`);
  assert.equal(absolutePath("x"), `${Deno.cwd()}/x`);
});

/** `/config` of the control socket: what it refuses, and that nothing is changed then. */
import assert from "node:assert/strict";
import { configRoutes } from "../../lib/admin/control/config_routes.ts";
import { matchRoute } from "../../lib/admin/control/route.ts";
import { TreeShell } from "../harness/tree_shell.ts";

const YAML = `portals: ["127.0.0.1:0"]\ndevices: { d: { handler: vdisk_nullio } }\n`;

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly allow?: string | undefined;
}

/** A server without a file of its own, and requests to it without a socket. */
class Routes {
  readonly shell = new TreeShell();
  readonly #routes = configRoutes(this.shell.administration, undefined);

  async ask(method: string, target: string, body: string | Uint8Array = ""): Promise<Answered> {
    const found = matchRoute(this.#routes, method, target);
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const answer = "answer" in found ? await found.answer(bytes) : found;
    const text = typeof answer.body === "string" ? answer.body : "";
    return { status: answer.status, text, allow: answer.allow };
  }
}

/** Requests with the errno and a part of the sentence of each. */
const REFUSED: readonly (readonly [string, string, string | Uint8Array, number, string, RegExp])[] =
  [
    ["GET", "/config/x", "", 404, "ENOENT", /^There is nothing at ["']x["']$/],
    ["GET", "/config?prune", "", 400, "EINVAL", /prune.* is no parameter .*: there are none$/],
    ["POST", "/config/save/x", "", 404, "ENOENT", /^There is nothing at /],
    ["POST", "/config/save?force", "", 400, "EINVAL", /force.* is no parameter of this path/],
    ["POST", "/config/save", "", 501, "EOPNOTSUPP", /without a YAML .* scst save --print$/],
    ["POST", "/config/apply/now", YAML, 404, "ENOENT", /^There is nothing at ["']now["']$/],
    [
      "POST",
      "/config/apply?dryrun",
      YAML,
      400,
      "EINVAL",
      /dryrun.* is no parameter .*: those are name, prune, dry-run$/,
    ],
    ["POST", "/config/apply?prune=yes", YAML, 400, "EINVAL", /^prune has no value: it is .yes.$/],
    ["POST", "/config/apply?dry-run=0", YAML, 400, "EINVAL", /^dry-run has no value: it is .0.$/],
    [
      "POST",
      "/config/apply",
      "",
      400,
      "EINVAL",
      /^the configuration:1:1: The configuration is empty: /,
    ],
    ["POST", "/config/apply?name=a.yaml", "portals: 1\n", 400, "EINVAL", /^a\.yaml:1:10: portals /],
    [
      "POST",
      "/config/apply",
      new Uint8Array([0x70, 0xff]),
      400,
      "EINVAL",
      /^the configuration is not UTF-8 text$/,
    ],
    ["DELETE", "/config", "", 405, "EOPNOTSUPP", /^The methods of \/config are GET, HEAD$/],
    ["GET", "/config/apply", "", 405, "EOPNOTSUPP", /^The methods of \/config\/apply are POST$/],
    [
      "GET",
      "/configuration",
      "",
      404,
      "ENOENT",
      /at \/config\/reload, \/config\/apply, \/config\/save, \/config$/,
    ],
  ];

for (const [method, target, body, status, errno, sentence] of REFUSED) {
  Deno.test(`${method} ${target} with ${body.length} bytes is refused with ${status} ${errno}, and changes nothing`, async () => {
    const routes = new Routes();
    const before = routes.shell.administration.model;
    const answer = await routes.ask(method, target, body);
    assert.equal(answer.status, status, answer.text);
    const told = JSON.parse(answer.text);
    assert.equal(told.errno, errno);
    assert.match(told.message, sentence);
    assert.equal(routes.shell.administration.model, before);
  });
}

Deno.test("a configuration of several mistakes is refused with all of them", async () => {
  const routes = new Routes();
  const { text } = await routes.ask("POST", "/config/apply", "portals: 1\ncolour: red\n");
  const { message } = JSON.parse(text);
  assert.match(message, /portals/);
  assert.match(message, /colour/);
});

Deno.test("what can be applied is told with dry-run, and then not done", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const routes = new Routes();
    const { administration } = routes.shell;
    await administration.change((model) => ({ ...model, stateDir }));
    const before = administration.model;
    const { status, text } = await routes.ask("POST", "/config/apply?dry-run", YAML);
    assert.equal(status, 200, text);
    assert(JSON.parse(text).some(({ what }: { what: string }) => what === "add device d"), text);
    assert.equal(administration.model, before);
    assert.deepEqual([...Deno.readDirSync(stateDir)], [], "and nothing is on the disk");
    const told = await routes.ask("POST", "/config/apply?dry-run&prune", YAML);
    assert.equal(told.status, 200, told.text);
    assert.equal((await routes.ask("POST", "/config/apply", YAML)).status, 200);
    const names = Array.from(Deno.readDirSync(stateDir), ({ name }) => name).toSorted();
    assert.deepEqual(names, ["ids.json", "ids.lock"]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("targets keep their rel_tgt_id whatever is applied around them, unless they are given another", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const routes = new Routes();
    const { administration } = routes.shell;
    await administration.change((model) => ({ ...model, stateDir }));
    const apply = async (query: string, ...targets: string[]) => {
      const lines = targets.map((target) => `  iqn.2026-11.org.example:${target}`);
      const yaml = ["portals: [127.0.0.1]", "targets:", ...lines, ""].join("\n");
      const { status, text } = await routes.ask("POST", `/config/apply${query}`, yaml);
      assert.equal(status, 200, text);
      return administration.model.targets.map(({ name, relTgtId }) => `${name.at(-1)}${relTgtId}`);
    };
    assert.deepEqual(await apply("", "a: {}", "b: {}"), ["a1", "b2"]);
    assert.deepEqual(await apply("", "c: {}"), ["c3", "a1", "b2"], "no id of those that stay");
    assert.deepEqual(await apply("?prune", "b: {}"), ["b2"]);
    assert.deepEqual(await apply("?prune", "b: { enabled: false }"), ["b2"]);
    assert.deepEqual(await apply("", "d: { rel_tgt_id: 2 }", "b: {}"), ["d2", "b1"]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

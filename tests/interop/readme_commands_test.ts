/** The commands of the README, each as it stands there, in a shell, against a server that runs. */
import assert from "node:assert/strict";
import { missingFuse } from "../harness/fuse_mount.ts";
import { programCommand, startTestServer, type TestServer } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { type Tool, toolTest } from "../harness/tools.ts";
import { INITIATOR_NAME } from "../initiator/login.ts";

const ROOT = new URL("../../", import.meta.url);
const README = Deno.readTextFileSync(new URL("README.md", ROOT));
const TARGET = "iqn.2026-11.org.example:disk1";
const TOOLS: readonly Tool[] = [
  "curl",
  "fusermount3",
  "iscsi-ls",
  "qemu-img",
  "qemu-block-iscsi",
];

/** What a server does not need to run for, or what does not end: the test that does it. */
const ELSEWHERE: readonly (readonly [command: RegExp, test: string])[] = [
  [/^npx -y deno@2\.9\.6 task (demo|test)$/, "tests/unit/cli_demo_test.ts"],
  [/^deno task (serve --config disks\.yaml|build)$/, "tests/unit/readme_test.ts"],
  [/^sh install\.sh$/, "tests/vm/install_test.ts"],
  [/^systemctl /, "tests/vm/install_test.ts"],
  [/^iscsiadm /, "tests/vm/on_linux.ts"],
  [/^iscsi-(ls|inq) .*joe%SECRET/, "tests/interop/chap_test.ts"],
  [/^scst serve .*--metrics /, "tests/protocol/metrics_test.ts"],
  [/^scst top /, "tests/protocol/stat_test.ts"],
];

/** What makes what the others are about. */
const FIRST = [/^scst device add disk1 /, /^scst target add /, /^scst lun add /];

/** The lines of the README's indented blocks that are commands; one may go on in the next line. */
function commandsOf(text: string): string[] {
  const lines = text.replaceAll(/\\\n */g, "").replaceAll(/^```[^]*?^```$/gm, "").split("\n");
  return lines.flatMap((line) => /^ {4}(\S.*)$/.exec(line)?.[1] ?? []);
}

/** A server without a disk, and what the README's commands find around it. */
class Scene implements AsyncDisposable {
  readonly dir: string;
  readonly server: TestServer;

  private constructor(dir: string, server: TestServer) {
    this.dir = dir;
    this.server = server;
  }

  static async open(): Promise<Scene> {
    const dir = await Deno.makeTempDir({ prefix: "scst_readme_" });
    for (const name of ["bin", "tree"]) await Deno.mkdir(`${dir}/${name}`);
    const [file, args] = programCommand([]);
    const words = [file, ...args].map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(`${dir}/bin/scst`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    for (const disk of ["disk1.img", "disk2.img"]) {
      await Deno.writeFile(`${dir}/${disk}`, new Uint8Array(2 ** 20));
    }
    const env = { SCST_TREE: `${dir}/tree` };
    const server = await startTestServer('portals: ["127.0.0.1:0"]\n', { dir, env });
    const scene = new Scene(dir, server);
    for (
      const [, name, yaml = ""] of README.matchAll(/^```yaml\n# (\S+\.yaml)\n([\s\S]*?)^```$/gm)
    ) {
      await Deno.writeTextFile(`${dir}/${name}`, scene.#placed(yaml), { mode: 0o600 });
    }
    return scene;
  }

  /** With the paths and names of here in the place of those that the README has. */
  #placed(text: string): string {
    return text.replaceAll("/srv/", `${this.dir}/`)
      .replaceAll("/etc/scst.conf", `${this.dir}/scst.conf`)
      .replaceAll("/run/scst/control", `${this.dir}/control`)
      .replaceAll("/run/scst/tree", `${this.dir}/tree`)
      .replaceAll("127.0.0.1:3260", `127.0.0.1:${this.server.port}`)
      .replaceAll("deno run -A main.ts", "scst")
      .replaceAll("/TARGET/", `/${TARGET}/`)
      .replaceAll("/INITIATOR/", `/${INITIATOR_NAME}/`);
  }

  /** Runs a command, which has to end well, and gives what it prints. */
  async run(command: string): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", this.#placed(command)],
      cwd: this.dir,
      env: {
        PATH: `${this.dir}/bin:${Deno.env.get("PATH")}`,
        SCST_CONTROL: `${this.dir}/control`,
        NO_COLOR: "1",
      },
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, `${command}: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
    return decoder.decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

Deno.test("what the README has run elsewhere is a test that is there", async () => {
  for (const [command, test] of ELSEWHERE) {
    assert.ok(commandsOf(README).some((line) => command.test(line)), `${command}`);
    await Deno.stat(new URL(test, ROOT));
  }
});

toolTest("each command of the README does what it says", TOOLS, async (t) => {
  await using scene = await Scene.open();
  const commands = commandsOf(README)
    .filter((line) => !ELSEWHERE.some(([command]) => command.test(line)));
  assert.ok(commands.length >= 30, commands.join("\n"));
  const isFirst = (line: string) => FIRST.some((command) => command.test(line));
  for (const command of commands.filter(isFirst)) await scene.run(command);
  // A file for those commands that read one.
  await scene.run("scst admin -write_config /etc/scst.conf");
  await using session = await openReady(scene.server, [0], { targetName: TARGET });
  for (const command of commands.filter((line) => !isFirst(line))) {
    await t.step(command, async () => {
      const said = await scene.run(command);
      // What holds commands up is ended, as the README says.
      const held = /^scst tree write (\S+\/(?:block|black_hole)) /.exec(command)?.[1];
      if (held !== undefined) await scene.run(`scst tree write ${held} 0`);
      if (command.startsWith("scst session list")) assert(said.includes(INITIATOR_NAME), said);
      if (command.startsWith("scst status")) assert(said.includes(TARGET), said);
    });
  }
  await session.nop();
}, missingFuse());

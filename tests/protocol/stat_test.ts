/** `scst stat` and `scst top` beside a server under load, with and without a terminal. */
import assert from "node:assert/strict";
import type { ServerActivity } from "../../lib/metrics/activity.ts";
import { SocketTreeClient } from "../../lib/cli/connect_tree.ts";
import { runProgram, spawnProgram } from "../harness/program.ts";
import {
  backingFile,
  diskYaml,
  programCommand,
  startTestServer,
  TARGET_NAME,
  type TestServer,
} from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { toolTest } from "../harness/tools.ts";
import { read10 } from "../initiator/cdb.ts";

function start(): Promise<TestServer> {
  return startTestServer(
    (dir) => diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]),
  );
}

/** Reads 4 KiB again and again until `done` has ended. */
async function beside<T>(server: TestServer, done: Promise<T>): Promise<T> {
  await using session = await openReady(server);
  let ended = false;
  const end = done.finally(() => ended = true);
  end.catch(() => {});
  while (!ended) await session.command(read10(0, 8), { read: 4096 });
  return await end;
}

function scst(server: TestServer, ...args: string[]) {
  return runProgram(args, { env: { SCST_CONTROL: `${server.dir}/control` } });
}

/** The names of all that is in a value, in the order of the alphabet. */
function keysIn(value: unknown): string[] {
  const names = new Set<string>();
  JSON.stringify(value, (name, inner) => {
    if (!/^\d*$/.test(name)) names.add(name);
    return inner;
  });
  return [...names].sort();
}

async function documentedKeys(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../docs/metrics.md", import.meta.url));
  const table = /<!-- begin stat -->(.*)<!-- end stat -->/s.exec(text)![1]!;
  const cells = table.split("\n").map((line) => line.split("|")[1] ?? "");
  return cells.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, name]) => name!)).sort();
}

Deno.test("scst stat tells rates, times and totals of a session that reads", async () => {
  await using server = await start();
  const { code, stdout, stderr } = await beside(
    server,
    scst(server, "stat", "--json", "--interval", "0.5"),
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(keysIn(JSON.parse(stdout)), await documentedKeys());
  const { seconds, luns, all } = JSON.parse(stdout) as ServerActivity;
  assert(seconds >= 0.4, `${seconds}`);
  const [lun] = luns;
  assert.deepEqual([luns.length, lun!.target, lun!.lun, lun!.device], [1, TARGET_NAME, 0, "disk0"]);
  assert(lun!.reads_per_s > 10, `${lun!.reads_per_s}`);
  assert.equal(lun!.read_bytes_per_s, lun!.reads_per_s * 4096);
  assert.equal(all.reads_per_s, lun!.reads_per_s);
  assert(lun!.median_us! > 0 && lun!.median_us! <= lun!.p99_us! && lun!.p99_us! <= lun!.worst_us!);
  assert(lun!.totals.reads >= Math.round(lun!.reads_per_s * seconds));

  // What was so a moment ago is told again.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const idle = await scst(server, "stat", "--interval", "0.3");
  assert.match(idle.stdout, /^scst \S+, up \d+ s, 0 sessions, .*\nall: 0 iops, read 0 B\/s/);
});

Deno.test("scst top prints one picture after the other where there is no terminal", async () => {
  await using server = await start();
  const { code, stdout } = await beside(
    server,
    scst(server, "top", "--interval", "0.3", "--count", "2"),
  );
  assert.equal(code, 0);
  assert.equal(stdout.match(/^scst \S+, up /gm)?.length, 2);
  assert.equal(
    stdout.match(/^IOPS +READ +WRITE +MEDIAN +P99 +QUEUE +FAILED +LUN +DEVICE/gm)?.length,
    2,
  );
  assert(!stdout.includes("\x1b"));
});

Deno.test("scst top waits for a server that goes away, and goes on with the one that comes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  try {
    const yaml = diskYaml([{ filename: backingFile(dir, "disk.img", 2 ** 20) }]);
    await using first = await startTestServer(yaml, { dir });
    await using top = spawnProgram(["top", "--interval", "0.3"], {
      env: { SCST_CONTROL: `${dir}/control` },
    });
    await top.saw(/^all: 0 iops/m);
    assert.equal((await first.stop()).code, 0);
    await top.saw(/^no answer for \d+ s, asking again: There is no server: /m);
    await using _second = await startTestServer(yaml, { dir });
    await top.saw(/^no answer [^]*^all: 0 iops/m);
    const { code, stdout } = await runProgram(["top", "--interval", "0.3", "--count", "1"], {
      env: { SCST_CONTROL: `${dir}/control` },
    });
    assert.deepEqual([code, stdout.match(/^all: /gm)?.length], [0, 1]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a server that takes a question and does not answer is told of as such", async () => {
  const dir = await Deno.makeTempDir({ prefix: "scst_test_" });
  const path = `${dir}/control`;
  using listener = Deno.listen({ transport: "unix", path });
  const accepted = listener.accept();
  try {
    await assert.rejects(new SocketTreeClient(path).getJson("feed", { limit: 50 }), {
      name: "NoServerError",
      message: `The server at ${path} does not answer: it was asked 0.05 s ago; is it stuck?`,
    });
  } finally {
    (await accepted).close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("scst stat and scst top refuse what they do not take, and say where no server is", async () => {
  const env = { SCST_CONTROL: "/nonexistent/control" };
  const calls: [args: string[], code: number, says: RegExp][] = [
    [["stat"], 4, /^error There is no server: /],
    [["top", "--count", "1"], 4, /^error There is no server: /],
    [["stat", "--interval", "0.1"], 2, /^error --interval must be 0.3 to 3600 seconds/],
    [["top", "--interval", "1s"], 2, /^error --interval must be/],
    [["top", "--count", "0"], 2, /^error --count must be a number from 1 on/],
  ];
  for (const [args, code, says] of calls) {
    const result = await runProgram(args, { env });
    assert.equal(result.code, code, args.join(" "));
    assert.match(result.stderr, says);
  }
});

for (const key of ["q", "\x03"]) {
  const name = key === "q" ? "q" : "Ctrl-C";
  toolTest(
    `scst top draws within a terminal, and leaves it as it was at ${name}`,
    ["script"],
    async () => {
      await using server = await start();
      const [command, args] = programCommand(["top", "--interval", "0.3"]);
      const line = `stty cols 60 rows 5; ${[command, ...args].join(" ")}; echo "code $?"; stty -a`;
      const child = new Deno.Command("script", {
        args: ["-qec", line, "/dev/null"],
        env: { SCST_CONTROL: `${server.dir}/control`, SHELL: "/bin/bash" },
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const keys = child.stdin.getWriter();
      let shown = "";
      let isSent = false;
      const text = child.stdout.pipeThrough(new TextDecoderStream());
      await beside(
        server,
        (async () => {
          for await (const part of text) {
            shown += part;
            if (isSent || shown.split("\x1b[H").length < 3) continue;
            isSent = true;
            await keys.write(new TextEncoder().encode(key));
          }
        })(),
      );
      await keys.close().catch(() => {});
      await child.status;
      const [before = "", ...pictures] = shown.split("\x1b[H");
      assert(before.includes("\x1b[?1049h\x1b[?25l"));
      assert(pictures.length >= 2);
      for (const picture of pictures.slice(0, -1)) {
        // deno-lint-ignore no-control-regex
        assert(!/[^\n]\x1b\[[KJ]/.test(picture), "what was written is not cleared");
        // deno-lint-ignore no-control-regex
        const lines = picture.replaceAll(/\x1b\[[KJ]/g, "").split(/\r+\n/);
        assert(lines.length <= 5 && lines.every((one) => one.length <= 60), JSON.stringify(lines));
        assert.match(lines[0]!, /^scst \S+, up /);
      }
      assert(shown.includes("\x1b[?25h\x1b[?1049l"));
      assert.match(shown, /code 0\r\n/);
      assert.match(shown.slice(shown.indexOf("code 0")), / icanon | echo /);
    },
  );
}

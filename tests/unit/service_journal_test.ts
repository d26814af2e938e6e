import assert from "node:assert/strict";
import { fieldsOf, journalEntry, writeToJournal } from "../../lib/service/journal.ts";
import { receiveDatagrams } from "../harness/datagrams.ts";
import { spawnProgram } from "../harness/program.ts";

Deno.test("fieldsOf() finds who, what and where at the end of a line, and only there", () => {
  const table: [string, Record<string, string>][] = [
    [
      "aborted: initiator=iqn.a peer=[::1]:5 target=iqn.b lun=3 itt=0x1f",
      { INITIATOR: "iqn.a", PEER: "[::1]:5", TARGET: "iqn.b", LUN: "3", ITT: "0x1f" },
    ],
    ["login: initiator=iqn.a isid=00 group=x", { INITIATOR: "iqn.a" }],
    ["stopped", {}],
    ["a line about initiator=iqn.a in its middle", {}],
    // What a peer has said stands in quotes, and forges nothing.
    ['no such target: target="x initiator=iqn.evil \\" lun=9" peer=a', {
      TARGET: 'x initiator=iqn.evil \\" lun=9',
      PEER: "a",
    }],
    ["said initiator=iqn.evil: initiator=iqn.a", { INITIATOR: "iqn.a" }],
    ["odd: __proto__=1 constructor=2 lun=1", { LUN: "1" }],
  ];
  for (const [line, fields] of table) assert.deepEqual(fieldsOf(line), fields, line);
});

Deno.test("fieldsOf() takes no time for long lines that are made for it", () => {
  const begin = performance.now();
  for (const part of [" a=b", " a=", ' a="', ' a="\\', "=", " "]) fieldsOf(part.repeat(20_000));
  assert.ok(performance.now() - begin < 5000, `${performance.now() - begin} ms`);
});

Deno.test("journalEntry() is what systemd-journald takes, a priority for each level", () => {
  const entry = (level: string) =>
    new TextDecoder().decode(journalEntry(level, "a: lun=1", { LUN: "1" }));
  assert.equal(
    entry("error"),
    "MESSAGE=a: lun=1\nPRIORITY=3\nSYSLOG_IDENTIFIER=scst\nLUN=1\n",
  );
  const priorities = ["debug", "info", "warning", "error"].map((level) =>
    /PRIORITY=(\d)/.exec(entry(level))?.[1]
  );
  assert.deepEqual(priorities, ["7", "6", "4", "3"]);
});

Deno.test("writeToJournal() sends lines with fields, and says when the journal takes nothing", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/journal`;
    assert.equal(writeToJournal("info", "lost: lun=1", path), false);
    await using journal = await receiveDatagrams(path);
    assert.equal(writeToJournal("info", "without fields", path), false);
    assert.equal(writeToJournal("info", "kept: lun=1", path), true);
    await journal.saw(/^MESSAGE=kept: lun=1\|PRIORITY=6\|SYSLOG_IDENTIFIER=scst\|LUN=1\|$/m);
    // More than a socket's buffer: the stream takes it.
    assert.equal(writeToJournal("info", `${"x".repeat(1 << 20)}: lun=1`, path), false);
    assert.equal(journal.texts().length, 1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** Runs a program whose standard error is a file, and gives what it has written there. */
async function logged(stream: (path: string) => Promise<string>): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/stderr`;
    await Deno.writeTextFile(path, "");
    const module = new URL("../../lib/log.ts", import.meta.url).href;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const code = `import { configureLog, log } from "${module}";
      configureLog(); log("warning", "two\\nlines: lun=1"); log("error", "e");`;
    const script = `exec "$@" 2>"$0"`;
    const deno = [Deno.execPath(), "eval", "--quiet", "--config", config, code];
    const env = { JOURNAL_STREAM: await stream(path) };
    await using program = spawnProgram([], { env }, ["sh", ["-c", script, path, ...deno]]);
    assert.equal((await program.result).code, 0);
    return await Deno.readTextFile(path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the log has priorities where standard error is the journal, and levels elsewhere", async () => {
  const ofFile = async (path: string) => {
    const { dev, ino } = await Deno.stat(path);
    return `${dev}:${ino}`;
  };
  const words = "warning two lines: lun=1\nerror e\n";
  assert.equal(await logged(() => Promise.resolve("1:2")), words);
  assert.equal(await logged(() => Promise.resolve("")), words);
  // The first line goes to the journal itself, where there is one; the guest of tests/vm has it.
  assert.match(await logged(ofFile), /^(<4>two lines: lun=1\n)?<3>e\n$/);
});

/** Every row of the opcode table on a disk without a write cache: whatever it changes is changed for good. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { CrashLog, type LoggedFile } from "../harness/crash_log.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { exchangeGood } from "../harness/exchange.ts";
import { ALL_COMMANDS } from "../harness/filled_rig.ts";
import { LoggedStore } from "../harness/logged_store.ts";
import { prepare } from "../harness/prepare.ts";
import { Rig } from "../harness/rig.ts";

/** Rows that change another disk than the one they are sent to, as a rule, or the same. */
const COPIES = ["EXTENDED COPY(LID1)", "WRITE USING TOKEN"];

Deno.test("Whatever a command changes on a write_through disk is on stable storage when it ends", () => {
  const changing: string[] = [];
  for (const row of OPERATION_TABLE.rows) {
    const log = new CrashLog();
    const medium: LoggedFile = { base: CONTENT };
    using rig = new Rig({
      ...ALL_COMMANDS,
      size: CONTENT.length,
      writeThrough: true,
      around: (inner) => new LoggedStore(inner, log, medium),
    });
    Deno.writeFileSync(rig.path, CONTENT);
    if (row.exists?.(rig.disk) === false) continue;
    const peer = rig.login(1);
    prepare(peer, row);
    const before = log.length - log.flushes;
    const { cdb, transfer } = exampleOf(row);
    exchangeGood(peer, cdb, transfer, row.name);
    assert.equal(log.unflushed, 0, row.name);
    assert.deepEqual(log.written(medium, log.length), Deno.readFileSync(rig.path), row.name);
    if (log.length - log.flushes > before) changing.push(row.name);
  }
  const expected = OPERATION_TABLE.rows
    .filter(({ name, changesMedium }) => changesMedium === true || COPIES.includes(name))
    .map(({ name }) => name);
  assert.deepEqual(changing.filter((name) => !expected.includes(name)), []);
  const idle = expected.filter((name) => !changing.includes(name));
  assert.deepEqual(idle, ["FORMAT UNIT"]); // it may change the medium, and asks for no pattern here
});

/** A read-only disk: everything but what changes the medium (SBC-4 4.18, DATA PROTECT). */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { cdbOf, hasLba } from "../harness/cdb_of.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { prepare } from "../harness/prepare.ts";
import { Rig } from "../harness/rig.ts";

Deno.test("admitCommand() answers 07/27/00 to every row that changes the medium", () => {
  using rig = new Rig({ size: CONTENT.length, readOnly: true });
  Deno.writeFileSync(rig.path, CONTENT);
  const peer = rig.login(1);
  const refused = OPERATION_TABLE.rows.filter((row) => row.changesMedium === true);
  for (const row of refused) {
    const { cdb, transfer } = exampleOf(row);
    exchangeSense(peer, cdb, "07/27/00", transfer, row.name);
    assert.equal(exchange(peer, cdb).residual, 0, row.name);
    if (!hasLba(row)) continue;
    exchangeSense(peer, cdbOf(row, { lba: 1, length: 0 }), "07/27/00", {}, row.name);
  }
  const names = refused.map((row) => row.name.replace(/\(.*/, ""));
  assert(
    ["WRITE", "WRITE AND VERIFY", "WRITE SAME", "UNMAP"].every((name) => names.includes(name)),
  );
  assert.deepEqual(Deno.readFileSync(rig.path), CONTENT);
});

/** There is no write cache to be switched off, and a copy finds that its destination takes nothing. */
const REFUSED = new Map([
  ["MODE SELECT(6)", "05/26/00"],
  ["MODE SELECT(10)", "05/26/00"],
  ["EXTENDED COPY(LID1)", "0A/0D/01"],
]);

Deno.test("a read-only disk does everything else", () => {
  using rig = new Rig({ size: CONTENT.length, readOnly: true });
  Deno.writeFileSync(rig.path, CONTENT);
  const peer = rig.login(1);
  for (const row of OPERATION_TABLE.rows) {
    if (row.changesMedium === true || row.exists?.(rig.disk) === false) continue;
    prepare(peer, row);
    const { cdb, transfer } = exampleOf(row);
    const sense = REFUSED.get(row.name);
    if (sense !== undefined) {
      exchangeSense(peer, cdb, sense, transfer, row.name);
      continue;
    }
    const data = exchangeGood(peer, cdb, transfer, row.name);
    if (hasLba(row)) assert.deepEqual(data, CONTENT.slice(512, 512 + data.length), row.name);
  }
  assert.deepEqual(Deno.readFileSync(rig.path), CONTENT);
});

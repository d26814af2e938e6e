/** LUNs as an initiator meets them: those of its group, how they are addressed, and what is read-only. */
import assert from "node:assert/strict";
import { OPERATION_TABLE } from "../../lib/scst/opcodes.ts";
import { CONTENT, exampleOf } from "../harness/example.ts";
import { copyCdb } from "../harness/copy_list.ts";
import { CopyRig, listOf } from "../harness/copy_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { Field } from "../initiator/pdu.ts";
import { statusOf } from "../harness/access_rig.ts";

/** The first two bytes of the LUN fields that REPORT LUNS tells; the others are zero. */
function reported(peer: Peer): string[] {
  const cdb = Uint8Array.of(0xa0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0);
  const data = exchangeGood(peer, cdb, { read: 1024 });
  const luns = new Array(data.length / 8 - 1).fill(0);
  return luns.map((_, index) => toHex(data.subarray(8 * (index + 1), 8 * (index + 1) + 2)));
}

Deno.test("an initiator sees the LUNs of its group, and they know who sees them", () => {
  using rig = new Rig({ targets: [] });
  const target = rig.node.addTarget(TARGET);
  target.luns.add(0, rig.device);
  const group = target.addGroup("g", ["*:one"], "PERIPHERAL");
  for (const lun of [7, 3]) group.add(lun, rig.device);
  const one = rig.connect();
  assert.equal(statusOf(one.login(1, { InitiatorName: "iqn.2026-11.org.scst.test:ONE" })), "0000");
  const other = rig.connect();
  other.login(2);
  assert.deepEqual(reported(one), ["0003", "0007"]);
  assert.deepEqual(reported(other), ["0000"]);
  exchangeSense(one, new Uint8Array(6), "05/25/00", {}, "LUN 0 is not in the group");
  assert.deepEqual([group.nexuses.size, target.luns.nexuses.size, target.nexuses.size], [1, 1, 2]);
  one.connection.close();
  assert.deepEqual([group.nexuses.size, target.luns.nexuses.size, target.nexuses.size], [0, 1, 1]);
});

Deno.test("REPORT LUNS addresses LUNs by the method of the set, and each is taken back", () => {
  const cases = [["PERIPHERAL", "00", "41"], ["FLAT", "40", "41"], ["LUN", "80", "81"]] as const;
  for (const [method, below, above] of cases) {
    using rig = new Rig({ targets: [] });
    const set = rig.node.addTarget(TARGET).addGroup("g", ["*"], method);
    for (const lun of [0, 5, 256]) set.add(lun, rig.device);
    const peer = rig.connect();
    peer.login(1);
    const luns = reported(peer);
    assert.deepEqual(luns, ["0000", `${below}05`, `${above}00`]);
    for (const lun of luns) {
      const inquiry = peer.command({ cdb: Uint8Array.of(0x12, 0, 0, 0, 36, 0) })
        .putBytes(Field.lun, hexBytes(lun));
      const [answer] = peer.send(inquiry);
      assert.equal(answer!.u8(Field.status), 0, `${method} ${lun}`);
    }
  }
});

/** A rig whose LUN 0 is the disk, and LUN 1 the same one to be read only. */
function readOnlyRig(): Rig {
  const rig = new Rig({ size: CONTENT.length });
  Deno.writeFileSync(rig.path, CONTENT);
  rig.node.findTarget(TARGET)!.luns.add(1, rig.device, true);
  return rig;
}

Deno.test("a read-only LUN answers 07/27/00 to every row that changes the medium", () => {
  using rig = readOnlyRig();
  const peer = rig.login(1);
  exchange(peer, new Uint8Array(6), { lun: 1 });
  for (const row of OPERATION_TABLE.rows.filter(({ changesMedium }) => changesMedium === true)) {
    const { cdb, transfer } = exampleOf(row);
    exchangeSense(peer, cdb, "07/27/00", { ...transfer, lun: 1 }, row.name);
  }
  assert.deepEqual(Deno.readFileSync(rig.path), CONTENT);
  const write = new Uint8Array(512).fill(1);
  exchangeGood(peer, Uint8Array.of(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), { write });
});

Deno.test("MODE SENSE says WP of a read-only LUN, and not of the same disk elsewhere", () => {
  using rig = readOnlyRig();
  const peer = rig.login(1);
  exchange(peer, new Uint8Array(6), { lun: 1 });
  const short = Uint8Array.of(0x1a, 8, 0x3f, 0, 255, 0);
  const long = Uint8Array.of(0x5a, 8, 0x3f, 0, 0, 0, 0, 0, 255, 0);
  for (const [lun, wp] of [[0, 0], [1, 0x80]] as const) {
    assert.equal(exchangeGood(peer, short, { lun, read: 255 })[2]! & 0x80, wp);
    assert.equal(exchangeGood(peer, long, { lun, read: 255 })[3]! & 0x80, wp);
  }
});

Deno.test("EXTENDED COPY writes to no disk that the initiator can only read", () => {
  for (const readOnly of [true, false]) {
    using rig = new CopyRig({ together: false });
    rig.source.node.findTarget(TARGET)!.luns.add(1, rig.destination.device, readOnly);
    const peer = rig.login(1);
    const write = listOf([{ from: 0, to: 1, blocks: 8 }]);
    const { status } = exchange(peer, copyCdb(0x83, 0, write.length), { write });
    assert.equal(status, readOnly ? 0x02 : 0);
    assert.equal(rig.copied.some((byte) => byte !== 0), !readOnly);
  }
});

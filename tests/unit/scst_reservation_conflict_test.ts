/** Who gets RESERVATION CONFLICT for what: every row of the opcode table under every reservation. */
import assert from "node:assert/strict";
import type { Operation } from "../../lib/scst/operation.ts";
import { CdRig } from "../harness/cd_rig.ts";
import { cdbOf } from "../harness/cdb_of.ts";
import { DEVICE_KINDS } from "../harness/device_kinds.ts";
import { exchangeManagement } from "../harness/exchange.ts";
import { PrHost } from "../harness/pr_host.ts";
import { Rig, type RigOptions, TARGET } from "../harness/rig.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { preventRemoval, startStopUnit, testUnitReady } from "../initiator/cdb.ts";
import {
  prIn,
  PrOut,
  RELEASE_10,
  RELEASE_6,
  RESERVE_10,
  RESERVE_6,
} from "../initiator/reservations.ts";

const A = "iqn.2026-11.org.scst.test:a";
const B = "iqn.2026-11.org.scst.test:b";
const LU_RESET = 5;
const K = 1n;

const WRITE_EXCLUSIVE = [1, 5, 7];
const EXCLUSIVE_ACCESS = [3, 6, 8];
const ALL_TYPES = [...WRITE_EXCLUSIVE, ...EXCLUSIVE_ACCESS];
const FOR_REGISTRANTS = [5, 6, 7, 8];

/** Allowed under all persistent reservations (SPC-4 table 65, SBC-3 table 5). */
const ALWAYS = [
  /^INQUIRY$/,
  /^LOG SENSE$/,
  /^PERSISTENT RESERVE IN/,
  /^READ CAPACITY/,
  /^REPORT (IDENTIFYING INFORMATION|LUNS|TARGET PORT GROUPS|TIMESTAMP)/,
  /^REQUEST SENSE$/,
  /^TEST UNIT READY$/,
  /^GET (CONFIGURATION|EVENT STATUS)/,
  /^MECHANISM STATUS$/,
  /^PREVENT ALLOW/, // to allow, as it stands here
];

/** Allowed under Write Exclusive. */
const TO_READ = [
  /^GET LBA STATUS/,
  /^MODE SENSE/,
  /^POPULATE TOKEN$/,
  /^PRE-FETCH/,
  /^(READ|VERIFY)\(/,
  /^READ (CD|DEFECT DATA|DISC|TOC|TRACK)/,
  /^RECEIVE (COPY|DIAGNOSTIC|ROD)/,
  /^REPORT SUPPORTED/,
];

/** Not allowed while another nexus has the unit by RESERVE, though ALWAYS has them (SPC-2 table 10). */
const NOT_WITH_RESERVE = [/^PERSISTENT RESERVE/, /^TEST UNIT READY$/];

const isAny = (names: readonly RegExp[], { name }: Operation) =>
  names.some((pattern) => pattern.test(name));

const DISK: RigOptions = { explAlua: true, targetGroups: [targetGroup(1, [TARGET])] };

/** Every row that the devices of this test have, and such a device. */
const there = DEVICE_KINDS.flatMap(({ name, table }) => {
  const open = name === "disk" ? () => new Rig(DISK) : () => new CdRig(DISK);
  using rig = open();
  const [group] = rig.device.group!.targetGroups;
  const rows = table.rows.filter(({ exists }) => exists?.(rig.disk, group) !== false);
  return rows.map((row) => ({ row, open, what: `${row.name} of a ${name}` }));
});

/** A CDB that gets as far as the check, and if it is let through has little to do. */
function conflicts(host: PrHost, row: Operation): boolean {
  return host.run(cdbOf(row, {})) === "CONFLICT";
}

for (const type of ALL_TYPES) {
  Deno.test(`every row conflicts under type ${type} as the standard has it`, () => {
    for (const { row, open, what } of there) {
      using rig = open();
      const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
      a.out(PrOut.REGISTER, { actionKey: K });
      assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
      const allowed = isAny(ALWAYS, row) ||
        isAny(TO_READ, row) && WRITE_EXCLUSIVE.includes(type);
      // What PERSISTENT RESERVE OUT may do, its parameter list says; it is refused by that here.
      if (!row.name.startsWith("PERSISTENT RESERVE OUT")) {
        assert.equal(conflicts(b, row), !allowed, what);
      }
    }
  });
}

Deno.test("every row conflicts under RESERVE of another nexus as SPC-2 has it", () => {
  for (const { row, open, what } of there) {
    using rig = open();
    const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
    assert.equal(a.run(RESERVE_6), "GOOD");
    const allowed = isAny(ALWAYS, row) && !isAny(NOT_WITH_RESERVE, row) ||
      row.name.startsWith("RELEASE");
    assert.equal(conflicts(b, row), !allowed, what);
  }
});

Deno.test("a registered nexus reads and writes under the types for registrants, and no others", () => {
  for (const type of ALL_TYPES) {
    using rig = new Rig();
    const [a, b, c] = [new PrHost(rig, A), new PrHost(rig, B), new PrHost(rig, B, 2)];
    a.out(PrOut.REGISTER, { actionKey: K });
    b.out(PrOut.REGISTER, { actionKey: K });
    a.out(PrOut.RESERVE, { key: K }, type);
    const [read, write] = FOR_REGISTRANTS.includes(type)
      ? ["GOOD", "GOOD"]
      : [type === 1 ? "GOOD" : "CONFLICT", "CONFLICT"];
    assert.deepEqual([a.read(), a.write()], ["GOOD", "GOOD"]);
    assert.deepEqual([b.read(), b.write()], [read, write], `type ${type}`);
    const others = WRITE_EXCLUSIVE.includes(type) ? "GOOD" : "CONFLICT";
    assert.deepEqual([c.read(), c.write()], [others, "CONFLICT"]);
    a.out(PrOut.CLEAR, { key: K });
    b.attentions();
    assert.deepEqual([b.write(), c.write()], ["GOOD", "GOOD"]);
  }
});

Deno.test("what START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL do decides on the conflict", () => {
  using rig = new Rig({ removable: true });
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  for (const reserve of [() => a.run(RESERVE_10), () => reserveExclusively(a)]) {
    assert.equal(reserve(), "GOOD");
    assert.equal(b.run(startStopUnit({ start: true })), "GOOD");
    assert.equal(b.run(startStopUnit({ start: false })), "CONFLICT");
    assert.equal(b.run(startStopUnit({ start: true, powerCondition: 1 })), "CONFLICT");
    assert.equal(b.run(preventRemoval(0)), "GOOD");
    assert.equal(b.run(preventRemoval(1)), "CONFLICT");
    assert.equal(a.run(RELEASE_10), "GOOD");
  }
});

function reserveExclusively(host: PrHost): string {
  host.out(PrOut.REGISTER, { actionKey: K });
  return host.out(PrOut.RESERVE, { key: K }, 3);
}

Deno.test("a reset goes before a conflict, a conflict before other unit attentions", () => {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  a.out(PrOut.REGISTER, { actionKey: K });
  b.out(PrOut.REGISTER, { actionKey: 2n });
  a.out(PrOut.RESERVE, { key: K }, 3);
  assert.equal(a.out(PrOut.PREEMPT, { key: K, actionKey: 2n }), "GOOD");
  assert.equal(b.read(), "CONFLICT");
  assert.equal(b.run(testUnitReady()), "06/2A/05");
  assert.equal(exchangeManagement(a.peer, LU_RESET), 0);
  assert.equal(b.read(), "06/29/03");
  assert.equal(b.read(), "CONFLICT");
});

Deno.test("RESERVE and RELEASE, of 6 and 10 bytes, are for one nexus at a time", () => {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, A, 2)];
  for (const [reserve, release] of [[RESERVE_6, RELEASE_10], [RESERVE_10, RELEASE_6]] as const) {
    assert.equal(a.run(reserve), "GOOD");
    assert.equal(a.run(reserve), "GOOD");
    assert.equal(a.write(), "GOOD");
    assert.equal(b.run(reserve), "CONFLICT");
    assert.equal(b.run(release), "GOOD");
    assert.equal(b.read(), "CONFLICT");
    assert.equal(a.run(release), "GOOD");
    assert.equal(b.write(), "GOOD");
    assert.equal(a.run(release), "GOOD");
  }
});

Deno.test("RESERVE ends with its session and with a reset, persistent reservations do not", () => {
  const ends: ((host: PrHost) => void)[] = [
    (host) => host.peer.connection.close(),
    (host) => host.relogin(),
    (host) => assert.equal(exchangeManagement(host.peer, LU_RESET), 0),
  ];
  for (const end of ends) {
    using rig = new Rig();
    const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
    assert.equal(a.run(RESERVE_6), "GOOD");
    assert.equal(b.write(), "CONFLICT");
    end(a);
    b.attentions();
    assert.equal(b.write(), "GOOD");
    assert.equal(b.run(RESERVE_6), "GOOD");
    assert.equal(b.run(RELEASE_6), "GOOD");
    a.relogin();
    assert.equal(reserveExclusively(a), "GOOD");
    end(a);
    b.attentions();
    assert.equal(b.write(), "CONFLICT");
  }
});

Deno.test("RESERVE and persistent reservations keep out of each other's way (SPC-4 5.12.3)", () => {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  assert.equal(a.run(RESERVE_6), "GOOD");
  for (const host of [a, b]) {
    assert.equal(host.run(prIn(0, 8), { read: 8 }), "CONFLICT");
    assert.equal(host.out(PrOut.REGISTER, { actionKey: K }), "CONFLICT");
  }
  assert.equal(a.run(RELEASE_6), "GOOD");
  a.out(PrOut.REGISTER, { actionKey: K });
  for (const host of [a, b]) {
    for (const cdb of [RESERVE_6, RELEASE_6, RESERVE_10, RELEASE_10]) {
      assert.equal(host.run(cdb), "CONFLICT");
    }
  }
  for (const type of ALL_TYPES) {
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    // To a holder they are as good as done, and change nothing.
    for (const cdb of [RESERVE_6, RELEASE_6, RESERVE_10, RELEASE_10]) {
      assert.equal(a.run(cdb), "GOOD");
      assert.equal(b.run(cdb), "CONFLICT");
    }
    b.out(PrOut.REGISTER, { actionKey: 2n });
    const registrant = FOR_REGISTRANTS.includes(type) ? "GOOD" : "CONFLICT";
    for (const cdb of [RESERVE_6, RELEASE_6]) assert.equal(b.run(cdb), registrant);
    assert.equal(a.reservation?.type, type);
    b.out(PrOut.REGISTER, { key: 2n, actionKey: 0n });
    assert.equal(a.out(PrOut.RELEASE, { key: K }, type), "GOOD");
  }
});

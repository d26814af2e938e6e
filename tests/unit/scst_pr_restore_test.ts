/** Persistent reservations that are written to `pr_state`: what was dumped comes back, nonsense does not. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { dumpPrState } from "../../lib/scst/pr_dump.ts";
import { parsePrDump } from "../../lib/scst/pr_restore.ts";
import type { PrState } from "../../lib/scst/pr_state.ts";
import { HeldPool } from "../harness/held_pool.ts";
import { PrHost } from "../harness/pr_host.ts";
import { Rig, TARGET } from "../harness/rig.ts";
import { PrOut } from "../initiator/reservations.ts";

const A = "iqn.2026-11.org.scst.test:a";
const B = "iqn.2026-11.org.scst.test:b";
const K = 0xfedc_ba98_7654_3210n;
const L = 1n;
const TYPES = [1, 3, 5, 6, 7, 8];

function portsOf(rig: Rig) {
  const ports = Array.from(rig.node.targets, ({ port }) => port);
  return (id: number) => ports.find(({ relativeId }) => relativeId === id);
}

function parse(rig: Rig, text: string): PrState {
  const state = parsePrDump(text, false, portsOf(rig));
  assert(typeof state !== "string", String(state));
  return state;
}

/** What a rig whose host `a` holds a reservation of a type says of it. */
function dumpOf(type: number): string {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A, 0xabc), new PrHost(rig, B)];
  assert.equal(a.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
  assert.equal(b.out(PrOut.REGISTER, { actionKey: L }), "GOOD");
  if (type > 0) assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
  return dumpPrState(rig.device.reservations.state);
}

Deno.test("reservations that are restored hold as they did, of every type and of none", () => {
  for (const type of [0, ...TYPES]) {
    const text = dumpOf(type);
    using rig = new Rig();
    rig.device.reservations.restore(parse(rig, text), (error) => assert.equal(error, undefined));
    assert.equal(dumpPrState(rig.device.reservations.state), text);
    const [a, c] = [new PrHost(rig, A, 0xabc), new PrHost(rig, A, 0xabd)];
    assert.deepEqual(c.keys, { generation: 2, keys: [K, L] });
    assert.deepEqual([a.write(), c.write()], ["GOOD", type === 0 ? "GOOD" : "CONFLICT"]);
    if (type > 0) assert.equal(a.out(PrOut.RELEASE, { key: K }, type), "GOOD");
    assert.equal(c.write(), "GOOD");
  }
});

Deno.test("what no device can have said is refused, and says what is wrong", () => {
  using rig = new Rig();
  const [, , , a, b] = dumpOf(1).split("\n");
  const head = "version 1\ngeneration 2\n";
  const held = `${head}reservation 01 00\n`;
  assert.equal(typeof parsePrDump(`${held}${a}\n${b}\n`, false, portsOf(rig)), "object");
  const table: [text: string, problem: RegExp][] = [
    ["", /first line must be "version 1"/],
    ["version 2\ngeneration 2\n", /first line/],
    ["version 1\n", /second line must be "generation" and a number/],
    ["version 1\ngeneration x\n", /second line/],
    ["version 1\ngeneration 4294967296\n", /second line/],
    [`${head}reservation 02 00\n`, /is no reservation/],
    [`${head}reservation 01 02\n${a}\n`, /is no reservation/],
    [`${head}reservation\n${a}\n`, /is no reservation/],
    [`${head}${a}\n`, /a holder needs a reservation/],
    [`${held}${b}\n`, /must have 1 holders/],
    [`${held}`, /must have 1 holders/],
    [`${head}reservation 07 00\n${a}\n${b}\n`, /must have 2 holders/],
    [`${held}${a}\n${a}\n`, /is there twice/],
    [`${held}${a}\n\n${b}\n`, /is no registrant/],
    [`${held}${a} x\n`, /is no registrant/],
    [`${held}${a!.replace(/fedcba9876543210/, "0000000000000000")}\n`, /must not be 0/],
    [`${held}${a!.replace(/ 1 \d+ /, " 1 44 ")}\n`, /has \d+ bytes/],
    [`${held}${a!.replace(/ 45/, " 46")}\n`, /no transport id/],
    [`${held}${a!.replace(/^registrant 1/, "registrant 9")}\n`, /no target with rel_tgt_id 9/],
    [`${held}${a}\nreservation 01 00\n`, /is no registrant/],
  ];
  for (const [text, problem] of table) {
    const state = parsePrDump(text, false, portsOf(rig));
    assert(typeof state === "string", `taken: ${text}`);
    assert.match(state, problem, text);
  }
});

Deno.test("a restored state outlives a restart where the one before it did", () => {
  const stateDir = Deno.makeTempDirSync({ dir: "/dev/shm" });
  try {
    const text = dumpOf(3);
    {
      using rig = new Rig({ stateDir });
      const host = new PrHost(rig, B);
      assert.equal(host.out(PrOut.REGISTER, { actionKey: 9n, aptpl: true }), "GOOD");
      host.peer.connection.close();
      const { persistent } = rig.device.reservations.state;
      const state = parsePrDump(text, persistent, portsOf(rig));
      assert(typeof state !== "string");
      rig.device.reservations.restore(state, (error) => assert.equal(error, undefined));
    }
    using rig = new Rig({ stateDir, targets: [TARGET] });
    assert.equal(new PrHost(rig, B).write(), "CONFLICT");
    assert.equal(new PrHost(rig, A, 0xabc).write(), "GOOD");
  } finally {
    Deno.removeSync(stateDir, { recursive: true });
  }
});

Deno.test("a state that cannot be saved is not restored", () => {
  using pool = new HeldPool();
  using rig = new Rig({ statePool: pool });
  const { reservations } = rig.device;
  const before = reservations.state;
  const state = { ...parse(rig, dumpOf(1)), persistent: true };
  const errors: (string | undefined)[] = [];
  reservations.restore(state, (error) => errors.push(error));
  assert.equal(errors.length, 0);
  reservations.restore(state, (error) => errors.push(error));
  assert.match(errors.pop()!, /others are being saved/);
  pool.let(-Errno.ENOSPC);
  assert.match(errors.pop()!, /^Cannot save .*no space left on device/);
  assert.equal(reservations.state, before);
  reservations.restore(state, (error) => errors.push(error));
  pool.let();
  assert.deepEqual(errors, [undefined]);
  assert.equal(reservations.state, state);
});

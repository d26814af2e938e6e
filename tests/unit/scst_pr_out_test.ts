/** PERSISTENT RESERVE OUT, rule by rule (SPC-4 5.12, 6.16), over a connection. */
import assert from "node:assert/strict";
import { PrHost } from "../harness/pr_host.ts";
import { Rig, TARGET } from "../harness/rig.ts";
import { moveList, prList, PrOut, prOut, transportId } from "../initiator/reservations.ts";
import { exchangeSense } from "../harness/exchange.ts";

const A = "iqn.2026-11.org.scst.test:a";
const B = "iqn.2026-11.org.scst.test:b";
const C = "iqn.2026-11.org.scst.test:c";
const OTHER_TARGET = `${TARGET}-2`;
const K = 0x1111_2222_3333_4444n;
const L = 0xffff_ffff_ffff_fffen;
const M = 3n;

const Type = { WE: 1, EA: 3, WE_RO: 5, EA_RO: 6, WE_AR: 7, EA_AR: 8 };
const TYPES = Object.values(Type);
const FOR_REGISTRANTS = [Type.WE_RO, Type.EA_RO, Type.WE_AR, Type.EA_AR];

const PREEMPTED = "06/2A/03";
const RELEASED = "06/2A/04";
const REGISTRATION_PREEMPTED = "06/2A/05";

/** A rig with three hosts, of which the first two are registered with K and L. */
function registered(rig: Rig): [a: PrHost, b: PrHost, c: PrHost] {
  const [a, b, c] = [new PrHost(rig, A), new PrHost(rig, B), new PrHost(rig, C)];
  assert.equal(a.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
  assert.equal(b.out(PrOut.REGISTER, { actionKey: L }), "GOOD");
  return [a, b, c];
}

Deno.test("register() registers, changes the key and unregisters, only with the right key", () => {
  using rig = new Rig();
  const a = new PrHost(rig, A);
  assert.deepEqual(a.keys, { generation: 0, keys: [] });
  const steps: [list: [bigint, bigint], end: string, keys: bigint[], generation: number][] = [
    [[0n, 0n], "GOOD", [], 0],
    [[K, L], "CONFLICT", [], 0],
    [[0n, K], "GOOD", [K], 1],
    [[0n, L], "CONFLICT", [K], 1],
    [[L, 0n], "CONFLICT", [K], 1],
    [[K, L], "GOOD", [L], 2],
    [[L, L], "GOOD", [L], 3],
    [[L, 0n], "GOOD", [], 4],
    [[L, 0n], "CONFLICT", [], 4],
  ];
  for (const [[key, actionKey], end, keys, generation] of steps) {
    assert.equal(a.out(PrOut.REGISTER, { key, actionKey }), end, `${key} ${actionKey}`);
    assert.deepEqual(a.keys, { generation, keys }, `${key} ${actionKey}`);
  }
  assert.equal(a.out(PrOut.REGISTER_AND_IGNORE, { key: 77n, actionKey: M }), "GOOD");
  assert.equal(a.out(PrOut.REGISTER_AND_IGNORE, { key: 78n, actionKey: K }), "GOOD");
  assert.deepEqual(a.keys, { generation: 6, keys: [K] });
  assert.equal(a.out(PrOut.REGISTER_AND_IGNORE, { key: 79n, actionKey: 0n }), "GOOD");
  assert.equal(a.out(PrOut.REGISTER_AND_IGNORE, { key: 79n, actionKey: 0n }), "GOOD");
  assert.deepEqual(a.keys, { generation: 7, keys: [] });
});

Deno.test("register() of a port outlives its session, and is none of another ISID or target", () => {
  using rig = new Rig({ targets: [TARGET, OTHER_TARGET] });
  const a = new PrHost(rig, A);
  assert.equal(a.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
  for (const other of [new PrHost(rig, A, 2), new PrHost(rig, A, 1, OTHER_TARGET)]) {
    assert.equal(other.out(PrOut.RESERVE, { key: K }, Type.WE), "CONFLICT");
    assert.equal(other.out(PrOut.REGISTER, { key: K, actionKey: 0n }), "CONFLICT");
  }
  a.relogin();
  assert.equal(a.out(PrOut.RESERVE, { key: K }, Type.WE), "GOOD");
  assert.deepEqual(a.fullStatus, [
    { key: K, holder: true, type: Type.WE, relativePort: 1, initiator: a.initiator },
  ]);
});

Deno.test("register() with SPEC_I_PT registers those that are named, with their names", () => {
  using rig = new Rig();
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  assert.equal(b.out(PrOut.REGISTER, { actionKey: L }), "GOOD");
  const second = new PrHost(rig, C, 0xabc);
  const ids = [b.transportId, transportId(C.toUpperCase(), "00000000000F"), transportId(C)];
  const list = { actionKey: K, transportIds: ids };
  assert.equal(a.out(PrOut.REGISTER_AND_IGNORE, list), "05/26/00");
  assert.equal(a.out(PrOut.REGISTER, list), "GOOD");
  const common = { holder: false, type: 0, relativePort: 1 };
  assert.deepEqual(a.fullStatus, [
    { ...common, key: L, initiator: b.initiator },
    { ...common, key: K, initiator: a.initiator },
    { ...common, key: K, initiator: `${C},i,0x00000000000f` },
    { ...common, key: K, initiator: second.initiator },
  ]);
  assert.equal(a.keys.generation, 2);
  const again = { key: K, actionKey: K, transportIds: ids };
  assert.equal(a.out(PrOut.REGISTER, again), "05/26/00");
});

Deno.test("register() with SPEC_I_PT points at the TransportID that is wrong, and does nothing", () => {
  using rig = new Rig();
  const a = new PrHost(rig, A);
  const right = transportId(B, "000000000001");
  const changed = (at: number, value: number) => right.slice().fill(value, at, at + 1);
  const wrong = [
    transportId(C), // a node of which no port is known
    changed(0, 0x46), // not iSCSI
    changed(0, 0x85), // no such format
    changed(3, 21), // not a multiple of four
    right.map((byte, at) => at >= 4 && byte === 0 ? 0x30 : byte), // no end
    transportId(B, "00000000000g"),
    transportId(`${B} `, "000000000001"),
    transportId("", "000000000001"),
  ];
  for (const [index, id] of wrong.entries()) {
    const write = prList({ actionKey: K, transportIds: [right, id] });
    const cdb = prOut(PrOut.REGISTER, 0, write.length);
    const { fieldPointer } = exchangeSense(a.peer, cdb, "05/26/00", { write }, String(index));
    assert.deepEqual(fieldPointer, { inCdb: false, byte: 28 + right.length, bit: 7 });
  }
  assert.deepEqual(a.keys, { generation: 0, keys: [] });
});

Deno.test("register() with ALL_TG_PT is as if it came through every target", () => {
  using rig = new Rig({ targets: [TARGET, OTHER_TARGET] });
  const [one, two] = [new PrHost(rig, A), new PrHost(rig, A, 1, OTHER_TARGET)];
  const b = new PrHost(rig, B, 1, OTHER_TARGET);
  const list = { allTgPt: true, transportIds: [b.transportId] };
  assert.equal(one.out(PrOut.REGISTER, { ...list, actionKey: K }), "GOOD");
  const ports = () =>
    one.fullStatus.map(({ initiator, relativePort, key }) => {
      return `${initiator} ${relativePort} ${key}`;
    });
  assert.deepEqual(ports(), [
    `${A},i,0x000000000001 1 ${K}`,
    `${A},i,0x000000000001 2 ${K}`,
    `${B},i,0x000000000001 1 ${K}`,
    `${B},i,0x000000000001 2 ${K}`,
  ]);
  assert.equal(two.out(PrOut.REGISTER, { key: K, actionKey: L }), "GOOD");
  // Through the second target K is not the right key any more.
  assert.equal(one.out(PrOut.REGISTER, { key: K, actionKey: M, allTgPt: true }), "GOOD");
  assert.deepEqual(one.keys.keys, [M, L, K, K]);
  assert.equal(one.out(PrOut.REGISTER_AND_IGNORE, { actionKey: 0n, allTgPt: true }), "GOOD");
  assert.deepEqual(one.keys.keys, [K, K]);
});

Deno.test("register() takes the reservation away with its holder, and tells registrants", () => {
  for (const type of TYPES) {
    using rig = new Rig();
    const [a, b, c] = registered(rig);
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    assert.equal(a.out(PrOut.REGISTER, { key: K, actionKey: 0n }), "GOOD");
    const allHold = type >= Type.WE_AR;
    assert.deepEqual(c.reservation, allHold ? { key: 0n, type } : undefined);
    const told = type === Type.WE_RO || type === Type.EA_RO;
    assert.deepEqual(b.attentions(), told ? [RELEASED] : [], `type ${type}`);
    assert.equal(b.out(PrOut.REGISTER, { key: L, actionKey: 0n }), "GOOD");
    assert.equal(c.reservation, undefined);
    assert.deepEqual([a, b, c].map((host) => host.attentions()), [[], [], []]);
  }
});

Deno.test("reserve() gives the reservation to one, and again only to its holder", () => {
  for (const type of TYPES) {
    using rig = new Rig();
    const [a, b, c] = registered(rig);
    assert.equal(c.out(PrOut.RESERVE, { key: K }, type), "CONFLICT");
    assert.equal(a.out(PrOut.RESERVE, { key: L }, type), "CONFLICT");
    for (const bad of [0, 2, 4, 9, 15, 0x10 | type]) {
      assert.equal(a.out(PrOut.RESERVE, { key: K }, bad), "05/24/00", `type ${bad}`);
    }
    assert.equal(a.reservation, undefined);
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    const allHold = type >= Type.WE_AR;
    assert.deepEqual(c.reservation, { key: allHold ? 0n : K, type });
    assert.deepEqual(c.fullStatus.map(({ holder }) => holder), [true, allHold]);
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type === 1 ? 3 : 1), "CONFLICT");
    assert.equal(b.out(PrOut.RESERVE, { key: L }, type), allHold ? "GOOD" : "CONFLICT");
    assert.equal(a.keys.generation, 2);
  }
});

Deno.test("release() tells registrants of the types that are theirs", () => {
  for (const type of TYPES) {
    using rig = new Rig();
    const [a, b, c] = registered(rig);
    assert.equal(a.out(PrOut.RELEASE, { key: K }, type), "GOOD");
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    assert.equal(c.out(PrOut.RELEASE, { key: K }, type), "CONFLICT");
    assert.equal(a.out(PrOut.RELEASE, { key: L }, type), "CONFLICT");
    assert.equal(a.out(PrOut.RELEASE, { key: K }, type === 1 ? 3 : 1), "05/26/04");
    if (type < Type.WE_AR) assert.equal(b.out(PrOut.RELEASE, { key: L }, type), "GOOD");
    assert.notEqual(a.reservation, undefined);
    assert.equal(a.out(PrOut.RELEASE, { key: K }, type), "GOOD");
    assert.deepEqual(b.attentions(), FOR_REGISTRANTS.includes(type) ? [RELEASED] : []);
    assert.deepEqual([...a.attentions(), ...c.attentions()], []);
    assert.equal(a.reservation, undefined);
    assert.equal(a.keys.generation, 2);
  }
});

Deno.test("clear() leaves nothing, and tells the other registrants", () => {
  using rig = new Rig();
  const [a, b, c] = registered(rig);
  assert.equal(b.out(PrOut.RESERVE, { key: L }, Type.EA), "GOOD");
  assert.equal(c.out(PrOut.CLEAR, {}), "CONFLICT");
  assert.equal(a.out(PrOut.CLEAR, { key: L }), "CONFLICT");
  assert.equal(a.out(PrOut.CLEAR, { key: K }), "GOOD");
  assert.deepEqual(b.attentions(), [PREEMPTED]);
  assert.deepEqual([...a.attentions(), ...c.attentions()], []);
  assert.equal(a.reservation, undefined);
  assert.deepEqual(a.keys, { generation: 3, keys: [] });
});

Deno.test("preempt() takes the reservation of a holder over, and tells who lost what", () => {
  for (const type of [Type.WE, Type.EA, Type.WE_RO, Type.EA_RO]) {
    for (const next of TYPES) {
      using rig = new Rig();
      const [a, b, c] = registered(rig);
      assert.equal(c.out(PrOut.REGISTER, { actionKey: M }), "GOOD");
      assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
      assert.equal(b.out(PrOut.PREEMPT, { key: K, actionKey: K }, next), "CONFLICT");
      assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: 99n }, next), "CONFLICT");
      assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: 0n }, next), "05/26/00");
      assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: K }, 2), "05/24/00");
      assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: K }, 0x10 | next), "05/24/00");
      assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: K }, next), "GOOD");
      assert.deepEqual(a.attentions(), [REGISTRATION_PREEMPTED]);
      assert.deepEqual(b.attentions(), []);
      assert.deepEqual(c.attentions(), next === type ? [] : [RELEASED]);
      assert.deepEqual(b.keys, { generation: 4, keys: [L, M] });
      assert.deepEqual(b.reservation, { key: next >= Type.WE_AR ? 0n : L, type: next });
    }
  }
});

Deno.test("preempt() with key 0 takes a reservation over that all hold", () => {
  for (const type of [Type.WE_AR, Type.EA_AR]) {
    using rig = new Rig();
    const [a, b, c] = registered(rig);
    assert.equal(c.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
    assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
    assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: K }, 15), "GOOD");
    assert.deepEqual(
      [a, c].map((host) => host.attentions()),
      Array(2).fill([REGISTRATION_PREEMPTED]),
    );
    assert.deepEqual(b.reservation, { key: 0n, type });
    assert.equal(c.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
    assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: 0n }, Type.WE), "GOOD");
    assert.deepEqual(c.attentions(), [REGISTRATION_PREEMPTED]);
    assert.deepEqual(b.keys.keys, [L]);
    assert.deepEqual(b.reservation, { key: L, type: Type.WE });
  }
});

Deno.test("preempt() removes registrations beside the reservation, the own one as well", () => {
  using rig = new Rig();
  const [a, b, c] = registered(rig);
  assert.equal(c.out(PrOut.REGISTER, { actionKey: L }), "GOOD");
  assert.equal(a.out(PrOut.RESERVE, { key: K }, Type.WE_RO), "GOOD");
  assert.equal(b.out(PrOut.PREEMPT, { key: L, actionKey: L }, 15), "GOOD");
  assert.deepEqual(c.attentions(), [REGISTRATION_PREEMPTED]);
  assert.deepEqual([...a.attentions(), ...b.attentions()], []);
  assert.deepEqual(a.keys, { generation: 4, keys: [K] });
  assert.deepEqual(a.reservation, { key: K, type: Type.WE_RO });
  // With the own key a holder changes the type and keeps its registration.
  assert.equal(a.out(PrOut.PREEMPT, { key: K, actionKey: K }, Type.EA), "GOOD");
  assert.deepEqual(a.reservation, { key: K, type: Type.EA });
  assert.deepEqual(a.keys, { generation: 5, keys: [K] });
});

Deno.test("registerAndMove() hands the reservation over", () => {
  for (const unreg of [false, true]) {
    using rig = new Rig({ targets: [TARGET, OTHER_TARGET] });
    const [a, b] = registered(rig);
    const heir = new PrHost(rig, C, 7, OTHER_TARGET);
    const list = {
      key: K,
      actionKey: M,
      unreg,
      relativePort: 2,
      transportId: heir.transportId,
    };
    const move = (changes: object, host = a) =>
      host.send(PrOut.REGISTER_AND_MOVE, moveList({ ...list, ...changes }));
    assert.equal(move({}), "05/24/00"); // nothing is reserved
    assert.equal(a.out(PrOut.RESERVE, { key: K }, Type.EA), "GOOD");
    assert.equal(move({}, heir), "CONFLICT");
    assert.equal(move({ key: L }), "CONFLICT");
    assert.equal(move({ key: L }, b), "CONFLICT");
    assert.equal(move({ actionKey: 0n }), "05/26/00");
    assert.equal(move({ relativePort: 3 }), "05/26/00");
    assert.equal(move({ transportId: transportId(C) }), "05/26/00");
    assert.equal(move({ relativePort: 1, transportId: a.transportId }), "05/26/00");
    assert.deepEqual(a.keys.generation, 2);
    assert.equal(move({}), "GOOD");
    assert.deepEqual(b.keys, { generation: 3, keys: unreg ? [L, M] : [K, L, M] });
    assert.deepEqual(b.fullStatus.at(-1), {
      key: M,
      holder: true,
      type: Type.EA,
      relativePort: 2,
      initiator: heir.initiator,
    });
    assert.equal(heir.write(), "GOOD");
    assert.equal(a.write(), "CONFLICT");
    assert.deepEqual([a, b, heir].map((host) => host.attentions()), [[], [], []]);
  }
});

Deno.test("registerAndMove() does not move what all registrants hold", () => {
  using rig = new Rig();
  const [a, b] = registered(rig);
  assert.equal(a.out(PrOut.RESERVE, { key: K }, Type.WE_AR), "GOOD");
  const list = { key: K, actionKey: L, relativePort: 1, transportId: b.transportId };
  assert.equal(a.send(PrOut.REGISTER_AND_MOVE, moveList(list)), "CONFLICT");
});

Deno.test("persistentReserveOut() takes no list that is cut off or too long", () => {
  using rig = new Rig();
  const [a] = registered(rig);
  const before = a.keys;
  const lists: [action: number, list: Uint8Array][] = [
    ...[0, 1, 2, 3, 4, 5, 6].map((action): [number, Uint8Array] => {
      return [action, prList({ key: K, actionKey: L })];
    }),
    [PrOut.REGISTER, prList({ actionKey: M, transportIds: [transportId(C, "000000000001")] })],
    [
      PrOut.REGISTER_AND_MOVE,
      moveList({ key: K, actionKey: L, relativePort: 1, transportId: transportId(C, "1") }),
    ],
  ];
  for (const [action, list] of lists) {
    for (let length = 0; length < list.length; length++) {
      const what = `${action}: ${length} of ${list.length}`;
      const write = list.slice(0, length);
      assert.equal(a.run(prOut(action, 1, length), { write }), "05/1A/00", what);
      assert.equal(a.run(prOut(action, 1, list.length), { write }), "05/1A/00", what);
    }
    const longer = prOut(action, 1, 65537);
    assert.equal(a.run(longer, { write: new Uint8Array(24) }), "05/1A/00");
    if (list.length > 24) continue;
    assert.equal(a.run(prOut(action, 1, 25), { write: new Uint8Array(25) }), "05/1A/00");
  }
  assert.deepEqual(a.keys, before);
});

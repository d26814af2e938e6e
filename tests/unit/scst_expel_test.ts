/** Commands that are under way when their LUN is taken away: each of them ends, and nothing is lost. */
import assert from "node:assert/strict";
import { READ_MEMORY_MOST } from "../../lib/iscsi/limits.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { copyCdb, copyList } from "../harness/copy_list.ts";
import { HeldPool } from "../harness/held_pool.ts";
import { OTHER_ID, RegroupRig } from "../harness/regroup_rig.ts";
import { markedBlocks } from "../harness/marked_block.ts";
import { BLOCK, type Peer, RIG_IDS, TARGET } from "../harness/rig.ts";
import { tokenFor } from "../harness/rod_exchange.ts";
import { populateList, rodCdb, writeTokenList } from "../harness/rod_list.ts";
import { targetGroup } from "../harness/target_groups.ts";
import { openWrite, sendWaiting, withNaca } from "../harness/under_way.ts";
import { compareAndWrite, read10, testUnitReady, write10 } from "../initiator/cdb.ts";
import { Field, FINAL, Opcode, type Pdu } from "../initiator/pdu.ts";
import { READ, WRITE } from "../initiator/requests.ts";
import { prList, PrOut, prOut } from "../initiator/reservations.ts";
import { parseResponseSense, senseText } from "../initiator/sense.ts";

const Attribute = { SIMPLE: 1, ORDERED: 2, HEAD_OF_QUEUE: 3 } as const;

/** What the answers bring, as `tag status sense`; messages that nobody has asked for are left out. */
function endings(pdus: readonly Pdu[]): string[] {
  return pdus.filter(({ opcode }) => opcode !== Opcode.AsyncMessage).map((pdu) => {
    const status = pdu.u8(Field.status).toString(16);
    const isResponse = pdu.opcode === Opcode.ScsiResponse;
    const sense = isResponse && pdu.data.length > 0 ? parseResponseSense(pdu.data) : undefined;
    return sense === undefined
      ? `${pdu.itt} ${status}`
      : `${pdu.itt} ${status} ${senseText(sense)}`;
  });
}

const GONE = "2 05/25/00";
const OTHER = "2 0B/00/00";

function sendWrite(peer: Peer, lba: number, data: Uint8Array, lun = 0): number {
  const command = peer.command({
    lun,
    cdb: write10(lba, data.length / BLOCK),
    flags: FINAL | WRITE | Attribute.SIMPLE,
    expectedLength: data.length,
    data,
  });
  assert.deepEqual(peer.send(command), [], "the store works on it");
  return command.itt;
}

function sendRead(peer: Peer, lba: number): number {
  const flags = FINAL | READ | Attribute.SIMPLE;
  const command = peer.command({ cdb: read10(lba, 1), flags, expectedLength: BLOCK });
  assert.deepEqual(peer.send(command), []);
  return command.itt;
}

Deno.test("A write that waits for its data ends when that has come, and writes nothing", () => {
  for (const [luns, ending] of [["1=b", GONE], ["0=b 1=b", OTHER], ["0=a/ro", OTHER]] as const) {
    using rig = new RegroupRig();
    const peer = rig.login(1);
    const write = openWrite(peer, 5, markedBlocks(1, 5, 1));
    rig.set(luns);
    assert.deepEqual(endings(peer.take()), [], "the data is on its way");
    assert.deepEqual(endings(write.finish()), [`${write.itt} ${ending}`]);
    assert(Deno.readFileSync(rig.a.path).every((byte) => byte === 0));
    assert(Deno.readFileSync(rig.b.path).every((byte) => byte === 0));
  }
});

Deno.test("A read that waits for room ends at once, and what the store reads ends as it would have", () => {
  using rig = new RegroupRig({ size: 2 ** 20 });
  const peer = rig.login(1);
  rig.a.store.hanging = true;
  const reads = Array.from({ length: READ_MEMORY_MOST / 2 ** 20 + 4 }, () =>
    peer.command({
      cdb: read10(0, 2 ** 20 / BLOCK),
      flags: FINAL | READ | Attribute.SIMPLE,
      expectedLength: 2 ** 20,
    }));
  assert.deepEqual(reads.flatMap((read) => peer.send(read)), []);
  const held = rig.a.store.held.length;
  assert(held > 0 && held < reads.length, `${held} reads have room`);
  rig.set("1=b");
  const waiting = reads.slice(held).map(({ itt }) => `${itt} ${GONE}`);
  assert.deepEqual(endings(peer.take()).toSorted(), waiting.toSorted());
  rig.a.store.hanging = false;
  rig.a.store.release();
  const ended = new Set(peer.take().map(({ itt }) => itt));
  assert.deepEqual([...ended], reads.slice(0, held).map(({ itt }) => itt));
});

Deno.test("What waits for its turn ends at once, and lets nothing run", () => {
  for (const tst of [0, 1] as const) {
    using rig = new RegroupRig({ tst });
    const peer = rig.login(1);
    const write = openWrite(peer, 0, markedBlocks(1, 0, 1));
    const ordered = sendWaiting(peer, Attribute.ORDERED);
    const simple = sendWaiting(peer, Attribute.SIMPLE);
    rig.set("1=b");
    assert.deepEqual(endings(peer.take()), [`${simple} ${GONE}`, `${ordered} ${GONE}`]);
    assert.deepEqual(endings(write.finish()), [`${write.itt} ${GONE}`]);
  }
});

Deno.test("In a task set of all initiators the others go on", () => {
  using rig = new RegroupRig({ tst: 0 });
  rig.set("", { groups: { mine: ["*:mine", "0=a 1=b"], g: ["*", "0=a 1=b"] } });
  const [mine, other] = [rig.login(1, { InitiatorName: "iqn.x:mine" }), rig.login(2)];
  const write = openWrite(mine, 0, markedBlocks(1, 0, 1), Attribute.ORDERED);
  const waiting = sendWaiting(other, Attribute.SIMPLE);
  rig.set("", { groups: { mine: ["*:mine", "1=b"], g: ["*", "0=a 1=b"] } });
  assert.deepEqual(endings(other.take()), [`${waiting} 0`]);
  assert.deepEqual(endings(write.finish()), [`${write.itt} ${GONE}`]);
});

Deno.test("An ACA condition ends with the unit whose nexus is faulted, and none begins for it", () => {
  for (const tst of [0, 1] as const) {
    using rig = new RegroupRig({ tst });
    const [peer, other] = [rig.login(1), rig.login(2)];
    const held = openWrite(peer, 1, markedBlocks(1, 1, 1));
    exchangeSense(peer, withNaca(read10(2 ** 30, 1)), "05/21/00");
    assert.deepEqual(endings(held.finish()), [], "the condition holds it back");
    const late = tst === 0 ? 0x08 : 0;
    assert.equal(exchange(other, testUnitReady()).status, late, "and others, in the same task set");
    rig.set("1=b");
    assert.deepEqual(endings(peer.take()), [`${held.itt} ${GONE}`]);
    rig.set("0=a 1=b");
    exchange(other, testUnitReady());
    for (const one of [peer, other]) exchange(one, testUnitReady());
    for (const one of [peer, other]) exchange(one, testUnitReady());
    for (const one of [peer, other]) exchangeGood(one, testUnitReady());
  }
});

Deno.test("A command with NACA that is ended with its unit leaves no ACA condition behind", () => {
  using rig = new RegroupRig({ tst: 0 });
  rig.set("", { groups: { mine: ["*:mine", "0=a 1=b"], g: ["*", "0=a 1=b"] } });
  const [mine, other] = [rig.login(1, { InitiatorName: "iqn.x:mine" }), rig.login(2)];
  const write = openWrite(other, 0, markedBlocks(1, 0, 1));
  const itt = sendWaiting(mine, Attribute.ORDERED, withNaca(testUnitReady()));
  rig.set("", { groups: { mine: ["*:mine", "1=b"], g: ["*", "0=a 1=b"] } });
  assert.deepEqual(endings(mine.take()), [`${itt} ${GONE}`]);
  assert.equal(rig.a.device.tasks!.faulted, undefined);
  assert.deepEqual(endings(write.finish()), [`${write.itt} 0`]);
});

Deno.test("What the store works on ends as it would have; its blocks are barred until then", () => {
  using rig = new RegroupRig();
  rig.set("", { groups: { mine: ["*:mine", "0=a 1=b"], g: ["*", "0=a 1=b"] } });
  const [mine, other] = [rig.login(1, { InitiatorName: "iqn.x:mine" }), rig.login(2)];
  rig.a.store.hanging = true;
  const [old, fresh] = [markedBlocks(1, 7, 2), markedBlocks(2, 7, 2)];
  const write = sendWrite(mine, 7, old);
  const read = sendRead(mine, 100);
  rig.set("", { groups: { mine: ["*:mine", "1=b"], g: ["*", "0=a 1=b"] } });
  assert.deepEqual(endings(mine.take()), []);
  const late = sendWrite(other, 7, fresh);
  assert.equal(rig.a.store.held.length, 2, "the newer write waits for the older one");
  rig.a.store.hanging = false;
  rig.a.store.release();
  assert.deepEqual(endings(mine.take()), [`${write} 0`, `${read} 0`]);
  assert.deepEqual(endings(other.take()), [`${late} 0`]);
  const path = rig.a.path;
  assert.deepEqual(Deno.readFileSync(path).subarray(7 * BLOCK, 9 * BLOCK), fresh);
});

Deno.test("ABORT TASK and the end of the session reach what is still under way", () => {
  for (const ends of [false, true]) {
    using rig = new RegroupRig();
    const [peer, other] = [rig.login(1), rig.login(2)];
    rig.a.store.hanging = true;
    const itt = sendWrite(peer, 7, markedBlocks(1, 7, 1));
    rig.set("1=b");
    rig.set("0=a 1=b");
    peer.take();
    const [session] = rig.node.sessions;
    if (ends) peer.connection.close();
    else session!.abortTask(session!.tasks.get(itt)!);
    exchange(other, testUnitReady());
    exchange(other, testUnitReady());
    const late = sendWrite(other, 7, markedBlocks(2, 7, 1));
    assert.equal(rig.a.store.held.length, 1, "the blocks are barred, once");
    rig.a.store.hanging = false;
    rig.a.store.release();
    assert.deepEqual(endings(other.take()), [`${late} 0`]);
    if (!ends) assert.deepEqual(endings(peer.take()), [], "an aborted command has no status");
    assert.equal(session!.tasks.size, 0);
  }
});

Deno.test("What waits for blocks ends, and who waited for it goes on", () => {
  using rig = new RegroupRig();
  rig.set("", { groups: { mine: ["*:mine", "0=a 1=b"], g: ["*", "0=a 1=b"] } });
  const [mine, other] = [rig.login(1, { InitiatorName: "iqn.x:mine" }), rig.login(2)];
  rig.a.store.hanging = true;
  const first = sendWrite(other, 3, markedBlocks(1, 3, 1));
  const data = new Uint8Array(2 * BLOCK);
  const compare = mine.command({
    cdb: compareAndWrite(3, 1),
    flags: FINAL | WRITE | Attribute.SIMPLE,
    expectedLength: data.length,
    data,
  });
  assert.deepEqual(mine.send(compare), []);
  const read = sendRead(other, 3);
  assert.equal(rig.a.store.held.length, 1, "the read does not overtake COMPARE AND WRITE");
  rig.set("", { groups: { mine: ["*:mine", "1=b"], g: ["*", "0=a 1=b"] } });
  assert.deepEqual(endings(mine.take()), [`${compare.itt} ${GONE}`]);
  assert.equal(rig.a.store.held.length, 2);
  rig.a.store.hanging = false;
  rig.a.store.release();
  assert.deepEqual(endings(other.take()), [`${first} 0`, `${read} 0`]);
});

Deno.test("QERR of a unit that is taken away aborts nothing of others", () => {
  using rig = new RegroupRig({ tst: 0 });
  rig.a.disk.modes.current = { ...rig.a.disk.modes.current, QERR: 1 };
  rig.set("", { groups: { mine: ["*:mine", "0=a 1=b"], g: ["*", "0=a 1=b"] } });
  const [mine, other] = [rig.login(1, { InitiatorName: "iqn.x:mine" }), rig.login(2)];
  const theirs = openWrite(other, 0, markedBlocks(1, 0, 1));
  const waiting = sendWaiting(mine, Attribute.ORDERED);
  rig.set("", { groups: { mine: ["*:mine", "1=b"], g: ["*", "0=a 1=b"] } });
  assert.deepEqual(endings(mine.take()), [`${waiting} ${GONE}`]);
  assert.deepEqual(endings(theirs.finish()), [`${theirs.itt} 0`]);
});

const CHUNK = 2 ** 20;
const IMMED = 1;

/** Two disks of four chunks, whose copies by the initiator hang in the first write to `b`. */
function copying(begin: (rig: RegroupRig, peer: Peer) => Pdu) {
  const rig = new RegroupRig({ size: 4 * CHUNK });
  const peer = rig.login(1);
  const command = begin(rig, peer);
  rig.b.store.hanging = true;
  const answers = endings(peer.send(command));
  assert.equal(rig.b.store.held.length, 1, "the first write");
  return { rig, peer, command, answers };
}

function release({ b }: RegroupRig): void {
  b.store.hanging = false;
  b.store.release();
}

Deno.test("A copy does not go on when a side of it is taken away; what was written is known", () => {
  const list = copyList({
    targets: [{ naaId: RIG_IDS.naaId }, { naaId: OTHER_ID }],
    segments: [{ blocks: 4 * CHUNK / BLOCK }],
  });
  for (const luns of ["0=a", "1=b", "", "0=a 1=a", "0=b 1=b", "0=a 1=b/ro"]) {
    const { rig, peer, command } = copying((_rig, peer) =>
      peer.command({
        cdb: copyCdb(0x83, 0, list.length),
        flags: FINAL | WRITE | 1,
        expectedLength: list.length,
        data: list,
      })
    );
    using _rig = rig;
    rig.set(luns);
    release(rig);
    assert.deepEqual(endings(peer.take()), [`${command.itt} 2 0A/0D/01`], luns);
    assert(Deno.readFileSync(rig.b.path).subarray(CHUNK).every((byte) => byte === 0));
  }
});

Deno.test("A copy behind its status ends with the LUN that it writes to, or reads", () => {
  for (const luns of ["0=a", "1=b"]) {
    const { rig, command, answers } = copying((_rig, peer) => {
      const token = tokenFor(peer, [[0, 8192]]);
      const write = writeTokenList(token, [[0, 8192]], { flags: IMMED });
      return peer.command({
        lun: 1,
        cdb: rodCdb(0x11, write.length, 8),
        flags: FINAL | WRITE | 1,
        expectedLength: write.length,
        data: write,
      });
    });
    using _rig = rig;
    assert.deepEqual(answers, [`${command.itt} 0`]);
    Deno.writeFileSync(rig.a.path, new Uint8Array(4 * CHUNK).fill(7));
    rig.set(luns);
    release(rig);
    assert.equal(rig.b.store.held.length, 0);
    assert(Deno.readFileSync(rig.b.path).subarray(CHUNK).every((byte) => byte === 0));
  }
});

Deno.test("POPULATE TOKEN that waits for blocks makes no token for a unit that is gone", () => {
  using rig = new RegroupRig();
  const peer = rig.login(1);
  rig.a.store.hanging = true;
  const write = sendWrite(peer, 0, markedBlocks(1, 0, 1));
  const data = populateList([[0, 1]], {});
  const populate = peer.command({
    cdb: rodCdb(0x10, data.length, 7),
    flags: FINAL | WRITE | 1,
    expectedLength: data.length,
    data,
  });
  assert.deepEqual(endings(peer.send(populate)), []);
  rig.set("1=b");
  rig.a.store.hanging = false;
  rig.a.store.release();
  assert.deepEqual(endings(peer.take()).sort(), [`${write} 0`, `${populate.itt} ${GONE}`]);
  assert.equal(rig.a.device.tokens.isEmpty, true);
});

Deno.test("A command that waits for the end of a transition ends with its unit", () => {
  const targetGroups = [targetGroup(1, [TARGET], { state: "transitioning" })];
  using rig = new RegroupRig({ targetGroups }, {});
  const peer = rig.a.connect();
  peer.login(1);
  exchange(peer, testUnitReady());
  const itt = sendWaiting(peer, Attribute.SIMPLE);
  rig.set("1=b");
  assert.deepEqual(endings(peer.take()), [`${itt} ${GONE}`]);
  rig.a.device.group!.look(performance.now() + 1000);
  assert.deepEqual(peer.take(), []);
});

Deno.test("Changes of reservations end: the one that is being kept as it would have, the next ones not", () => {
  using pool = new HeldPool();
  using rig = new RegroupRig({ statePool: pool }, {});
  const peer = rig.login(1);
  const data = prList({ actionKey: 5n, aptpl: true });
  const register = peer.command({
    cdb: prOut(PrOut.REGISTER, 0, data.length),
    flags: FINAL | WRITE | 1,
    expectedLength: data.length,
    data,
  });
  const reserve = peer.command({ cdb: Uint8Array.of(0x16, 0, 0, 0, 0, 0) });
  assert.deepEqual(endings([...peer.send(register), ...peer.send(reserve)]), []);
  rig.set("1=b");
  pool.let();
  assert.deepEqual(endings(peer.take()), [`${register.itt} 0`, `${reserve.itt} ${GONE}`]);
  const { reservations } = rig.a.device;
  assert.deepEqual([reservations.state.registrations.size, reservations.reservedBy], [
    1,
    undefined,
  ]);
});

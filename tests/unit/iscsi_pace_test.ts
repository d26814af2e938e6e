/** What discovery sessions ask for takes only a part of the time: it is all targets for a few bytes. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { Pace } from "../../lib/iscsi/pace.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { nameKeys, stageFlags } from "../initiator/login.ts";
import { loginRequest, nopOut, textRequest } from "../initiator/requests.ts";
import { encodeText } from "../initiator/text.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { StandingClock } from "../harness/standing_clock.ts";

const OPERATIONAL = 1;
const FULL_FEATURE = 3;

Deno.test("Pace lets work wait for four times as long as it took the last time", () => {
  const pace = new Pace();
  assert.equal(pace.rest(0), 0);
  pace.note(1000, 1010);
  assert.deepEqual([1010, 1049, 1050, 1051].map((now) => pace.rest(now)), [40, 1, 0, 0]);
  pace.note(1010, 1012);
  assert.deepEqual([1050, 1059, 1060].map((now) => pace.rest(now)), [10, 1, 0]);
});

function memoryOf(bytes: Uint8Array): Memory {
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}

/** SendTargets=All with the next numbers, some times over. */
function sendTargets(peer: Peer, count: number): Uint8Array {
  const text = encodeText([["SendTargets", "All"]]);
  const requests = Array.from(
    { length: count },
    () => textRequest({ itt: peer.tag(), cmdSn: peer.cmdSn++, expStatSn: 0, text }).encode(),
  );
  return concatBytes(requests);
}

Deno.test("a discovery session has one request handled in a turn, and none before its time", () => {
  using clock = new StandingClock(1);
  using rig = new Rig();
  const discovery = rig.connect();
  discovery.login(1, { SessionType: "Discovery" });
  const three = memoryOf(sendTargets(discovery, 3));
  assert.equal(discovery.connection.receive(three, 0, three.length), three.length / 3);
  assert.equal(discovery.take().length, 1);
  rig.node.discoveryPace.note(1000, 2000);
  const { length } = three;
  assert.equal(discovery.connection.receive(three, length / 3, length), length / 3);
  const normal = rig.login(2);
  const numbers = { itt: normal.tag(), cmdSn: normal.cmdSn, expStatSn: 0, immediate: true };
  assert.equal(normal.send(nopOut(numbers)).length, 1, "others do not wait");
  clock.seconds = 6;
  assert.equal(discovery.connection.receive(three, length / 3, length), length * 2 / 3);
  assert.equal(discovery.take().length, 1);
});

Deno.test("requests that come in one piece with a discovery login keep the pace as well", () => {
  using rig = new Rig();
  const discovery = rig.connect();
  const login = loginRequest({
    itt: 0,
    cmdSn: discovery.cmdSn,
    expStatSn: 0,
    isid: new Uint8Array(6),
    flags: stageFlags(OPERATIONAL, FULL_FEATURE),
    text: encodeText(nameKeys({})),
  }).encode();
  const three = sendTargets(discovery, 3);
  const memory = memoryOf(concatBytes([login, three]));
  const receive = (at: number) => discovery.connection.receive(memory, at, memory.length);
  assert.equal(receive(0), login.length);
  assert.equal(receive(login.length), login.length + three.length / 3);
  assert.equal(discovery.take().length, 2);
});

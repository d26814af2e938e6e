/** What discovery sessions ask for takes only a part of the time: it is all targets for a few bytes. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { Pace } from "../../lib/iscsi/pace.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { nopOut, textRequest } from "../initiator/requests.ts";
import { encodeText } from "../initiator/text.ts";
import { type Peer, Rig } from "../harness/rig.ts";

Deno.test("Pace lets work wait for four times as long as it took the last time", () => {
  const pace = new Pace();
  assert(pace.allows(0));
  pace.note(1000, 1010);
  assert.deepEqual([1010, 1049, 1050].map((now) => pace.allows(now)), [false, false, true]);
});

/** SendTargets=All with the next numbers, some times over. */
function sendTargets(peer: Peer, count: number): Memory {
  const text = encodeText([["SendTargets", "All"]]);
  const requests = Array.from(
    { length: count },
    () => textRequest({ itt: peer.tag(), cmdSn: peer.cmdSn++, expStatSn: 0, text }).encode(),
  );
  const bytes = concatBytes(requests);
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}

Deno.test("a discovery session has one request handled in a turn, and none before its time", () => {
  using rig = new Rig();
  const discovery = rig.connect();
  discovery.login(1, { SessionType: "Discovery" });
  const three = sendTargets(discovery, 3);
  assert.equal(discovery.connection.receive(three, 0, three.length), three.length / 3);
  assert.equal(discovery.take().length, 1);
  const now = performance.now();
  rig.node.discoveryPace.note(now - 1e6, now);
  const { length } = three;
  assert.equal(discovery.connection.receive(three, length / 3, length), length / 3);
  const normal = rig.login(2);
  const numbers = { itt: normal.tag(), cmdSn: normal.cmdSn, expStatSn: 0, immediate: true };
  assert.equal(normal.send(nopOut(numbers)).length, 1, "others do not wait");
  rig.node.discoveryPace.note(0, 0);
  assert.equal(discovery.connection.receive(three, length / 3, length), length * 2 / 3);
  assert.equal(discovery.take().length, 1);
});

/** Text Requests that take several PDUs in one direction or the other (RFC 7143 11.10, 11.11). */
import assert from "node:assert/strict";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { Field, FINAL, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";

const CONTINUE = 0x40;

function textRequest(peer: Peer, text: string, flags: number, ttt = NO_TAG): Pdu {
  return new Pdu(undefined, new TextEncoder().encode(text))
    .put8(Field.opcode, Opcode.TextRequest | 0x40)
    .put8(Field.flags, flags)
    .put32(Field.itt, 77)
    .put32(Field.ttt, ttt)
    .put32(Field.cmdSn, peer.cmdSn);
}

function exchange(peer: Peer, text: string, flags: number, ttt = NO_TAG): Pdu {
  const [answer, ...more] = peer.send(textRequest(peer, text, flags, ttt));
  assert.equal(more.length, 0);
  assert.equal(answer!.opcode, Opcode.TextResponse);
  return answer!;
}

const textOf = (pdu: Pdu) => new TextDecoder().decode(pdu.data);

Deno.test("a Text Request without F is answered without F, and the exchange goes on", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const first = exchange(peer, "SendTargets=\0", 0);
  assert.equal(first.flags, 0);
  assert.notEqual(first.u32(Field.ttt), NO_TAG);
  assert(textOf(first).startsWith(`TargetName=${TARGET}\0`));
  const last = exchange(peer, "", FINAL, first.u32(Field.ttt));
  assert.deepEqual([last.flags, last.u32(Field.ttt), last.data.length], [FINAL, NO_TAG, 0]);
});

Deno.test("a Text Request with C is put together from its parts", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  const first = exchange(peer, "SendTar", CONTINUE);
  assert.deepEqual([first.flags, first.data.length], [0, 0]);
  const last = exchange(peer, "gets=\0", FINAL, first.u32(Field.ttt));
  assert.equal(last.flags, FINAL);
  assert(textOf(last).startsWith(`TargetName=${TARGET}\0`));
});

Deno.test("an answer that is longer than a segment comes in parts", () => {
  using rig = new Rig();
  for (let index = 0; index < 20; index++) {
    rig.node.addTarget(`${TARGET}:${index}`).luns.add(0, rig.device);
  }
  const peer = rig.connect();
  peer.login(1, { SessionType: "Discovery", MaxRecvDataSegmentLength: "512" });
  let answer = exchange(peer, "SendTargets=All\0", FINAL);
  let text = textOf(answer);
  while (answer.flags === CONTINUE) {
    assert.equal(answer.data.length, 512);
    answer = exchange(peer, "", FINAL, answer.u32(Field.ttt));
    text += textOf(answer);
  }
  assert.deepEqual([answer.flags, answer.u32(Field.ttt)], [FINAL, NO_TAG]);
  assert.equal(text.split("TargetName=").length - 1, 21);
});

Deno.test("a Text Request whose tag is nobody's, or whose key comes twice, is rejected", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (const pdu of [textRequest(peer, "", FINAL, 5), textRequest(peer, "A=1\0A=1\0", FINAL)]) {
    assert.equal(peer.send(pdu)[0]!.opcode, Opcode.Reject);
  }
});

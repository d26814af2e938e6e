/** A discovery session that has to wait costs nothing meanwhile: the loop sleeps, and then goes on with it. */
import assert from "node:assert/strict";
import { Memory } from "../../ffi/memory.ts";
import { closeSocket, receive, send } from "../../ffi/socket.ts";
import { Link, RECEIVE_LENGTH } from "../../lib/shard/link.ts";
import { Loop } from "../../lib/shard/loop.ts";
import { rethrow } from "../harness/rethrow.ts";
import { Rig } from "../harness/rig.ts";
import { socketPair } from "../harness/socket_pair.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { nameKeys, stageFlags } from "../initiator/login.ts";
import { announcedLength, decodePdu, Opcode } from "../initiator/pdu.ts";
import { loginRequest, textRequest } from "../initiator/requests.ts";
import { encodeText } from "../initiator/text.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 3260 };
const OPERATIONAL = 1;
const FULL_FEATURE = 3;
const REQUESTS = 3;
/** Milliseconds. */
const REST = 100;

/** A discovery login, and requests right behind it. */
function requests(): Uint8Array {
  const numbers = { itt: 0, cmdSn: 1, expStatSn: 0 };
  const login = loginRequest({
    ...numbers,
    isid: new Uint8Array(6),
    flags: stageFlags(OPERATIONAL, FULL_FEATURE),
    text: encodeText(nameKeys({})),
  });
  const text = encodeText([["SendTargets", "All"]]);
  const others = Array.from(
    { length: REQUESTS },
    (_, index) => textRequest({ ...numbers, itt: index, cmdSn: 1 + index, text }),
  );
  return concatBytes([login, ...others].map((pdu) => pdu.encode()));
}

/** Opcodes of the PDUs that have come. */
function answers(fd: number, memory: Memory): number[] {
  const length = Math.max(0, receive(fd, memory.address, memory.length));
  const opcodes: number[] = [];
  for (let rest = memory.bytes.slice(0, length); rest.length > 0;) {
    const next = announcedLength(rest)!;
    opcodes.push(decodePdu(rest.subarray(0, next)).opcode);
    rest = rest.slice(next);
  }
  return opcodes;
}

const pair = socketPair();

Deno.test({
  name: "the loop sleeps while discovery rests, and answers when the time has come",
  ignore: typeof pair === "string",
  fn: () => {
    const [own, theirs] = pair as readonly [number, number];
    using rig = new Rig();
    const pulse = new Int32Array(1);
    const loop = new Loop(() => {}, rethrow, pulse);
    const memory = new Memory(RECEIVE_LENGTH);
    const bytes = requests();
    memory.bytes.set(bytes);
    assert.equal(send(own, memory.address, bytes.length), bytes.length);
    const link = new Link(loop, theirs, rig.node, ADDRESS, ADDRESS, memory, {
      loginEnded: () => {},
      ended: () => {},
    });
    const now = performance.now();
    rig.node.discoveryPace.note(now - REST / 4, now);
    const before: number[] = [];
    loop.after(REST / 2, () => before.push(...answers(own, memory)));
    loop.after(4 * REST, () => loop.stop());
    loop.run();
    assert.deepEqual(before, [Opcode.LoginResponse]);
    assert.deepEqual(answers(own, memory), Array(REQUESTS).fill(Opcode.TextResponse));
    assert(pulse[0]! < 100, `${pulse[0]} turns`);
    link.connection.close();
    closeSocket(own);
    closeSocket(theirs);
  },
});

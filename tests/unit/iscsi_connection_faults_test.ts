/** THE table of faults that end a connection: an initiator meets each of them, and the log says it. */
import assert from "node:assert/strict";
import { ConnectionFault } from "../../lib/iscsi/faults.ts";
import { loginPdu } from "../harness/login_peer.ts";
import { type Peer } from "../harness/rig.ts";
import { Opcode } from "../initiator/pdu.ts";
import { nopOut } from "../initiator/requests.ts";
import {
  beginWrite,
  type Example,
  inSession,
  now,
  rigFor,
  sendDamaged,
  text,
} from "../harness/fault_example.ts";

function pass(peer: Peer, seconds: number, alive: boolean): void {
  for (let second = 1; second <= seconds; second++) {
    peer.connection.tick(second * 1000);
    if (alive) peer.connection.noteProgress();
  }
}

const CONNECTION_EXAMPLES: Readonly<Record<keyof typeof ConnectionFault, Example>> = {
  NO_LOGIN: {
    act: (rig) => {
      const peer = rig.connect();
      return { peer, answers: peer.send(nopOut(now(peer))) };
    },
  },
  HEADER_DIGEST: {
    act: inSession((peer) => sendDamaged(peer, nopOut(now(peer))), { HeaderDigest: "CRC32C" }),
  },
  LONG_LOGIN: {
    act: (rig) => {
      const peer = rig.connect();
      return { peer, answers: peer.send(loginPdu({ text: new Uint8Array(8196) })) };
    },
  },
  MISSING: {
    act: inSession((peer) => {
      const ping = nopOut({ ...now(peer), immediate: false, data: text("ping") });
      assert.equal(sendDamaged(peer, ping)[0]!.opcode, Opcode.Reject);
      pass(peer, 5, true);
      return [];
    }, { DataDigest: "CRC32C" }),
  },
  SILENCE: {
    attributes: { nopInInterval: 10, nopInTimeout: 10 },
    act: inSession((peer) => {
      pass(peer, 25, false);
      return [];
    }),
  },
  NO_DATA: {
    attributes: { rspTimeout: 10 },
    act: inSession((peer) => {
      beginWrite(peer);
      pass(peer, 15, true);
      return [];
    }),
  },
};

for (const [name, example] of Object.entries(CONNECTION_EXAMPLES)) {
  const { says } = ConnectionFault[name as keyof typeof ConnectionFault];
  Deno.test(`ConnectionFault.${name}: ${says}`, () => {
    using rig = rigFor(example);
    const { peer, answers } = example.act(rig);
    assert.deepEqual([answers.length, peer.connection.isClosed], [0, true]);
    assert(rig.log.at(-1)!.startsWith(`warning connection dropped: ${says}`), rig.log.at(-1));
    assert.match(rig.log.at(-1)!, / peer=\S+/);
  });
}

/** Sends requests of one login, the last of which is refused. */

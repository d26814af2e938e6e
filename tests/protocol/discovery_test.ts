/** Discovery sessions and SendTargets (RFC 7143 4.3 and appendix C). */
import assert from "node:assert/strict";
import { TARGET_NAME } from "../harness/server.ts";
import { openSession } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { concatBytes } from "../initiator/bytes.ts";
import { testUnitReady } from "../initiator/cdb.ts";
import { CONTINUE, DISCOVERY_KEYS, USUAL_KEYS } from "../initiator/login.ts";
import { Field, NO_TAG, Opcode } from "../initiator/pdu.ts";
import { textRequest } from "../initiator/requests.ts";
import { Session } from "../initiator/session.ts";
import { SteeredSession } from "../initiator/steered.ts";
import { decodeText, encodeText, type Pair } from "../initiator/text.ts";

const OTHERS = Array.from(
  { length: 40 },
  (_, i) => `iqn.2026-11.org.example:other-${String(i).padStart(2, "0")}`,
);
const ALL = [TARGET_NAME, ...OTHERS];

const YAML = `portals:
  - 127.0.0.1:0
devices:
  disk0:
    handler: vdisk_nullio
targets:
  ${TARGET_NAME}:
    luns:
      0: disk0
${OTHERS.map((name) => `  ${name}:\n    luns: {0: disk0}`).join("\n")}
`;

/** The records of a SendTargets answer: a name and the addresses behind it. */
function records(pairs: readonly Pair[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let addresses: string[] | undefined;
  for (const [key, value] of pairs) {
    if (key === "TargetName") {
      assert(!found.has(value), `${value} is listed twice`);
      addresses = [];
      found.set(value, addresses);
    } else {
      assert.equal(key, "TargetAddress");
      assert(addresses !== undefined, "an address stands before the first name");
      addresses.push(value);
    }
  }
  return found;
}

suite("discovery", YAML, {
  "SendTargets=All lists every target with the address of the portal and its group": async (
    server,
  ) => {
    await using session = await Session.open(server, {});
    const found = records(await session.text([["SendTargets", "All"]]));
    assert.deepEqual([...found.keys()].sort(), [...ALL].sort());
    for (const [name, addresses] of found) {
      assert.deepEqual(addresses, [`127.0.0.1:${server.port},1`], name);
    }
  },

  "SendTargets with a name lists that target alone": async (server) => {
    await using session = await Session.open(server, {});
    const found = records(await session.text([["SendTargets", TARGET_NAME]]));
    assert.deepEqual([...found], [[TARGET_NAME, [`127.0.0.1:${server.port},1`]]]);
  },

  "SendTargets with an unknown name lists nothing": async (server) => {
    await using session = await Session.open(server, {});
    const pairs = await session.text([["SendTargets", "iqn.2026-11.org.example:nobody"]]);
    assert.deepEqual(pairs, []);
  },

  "SendTargets= in a normal session lists the session's own target": async (server) => {
    await using session = await openSession(server);
    const found = records(await session.text([["SendTargets", ""]]));
    assert.deepEqual([...found], [[TARGET_NAME, [`127.0.0.1:${server.port},1`]]]);
  },

  "an answer longer than the initiator's segment goes on under a target transfer tag": async (
    server,
  ) => {
    const keys = DISCOVERY_KEYS.map(([key, value]): Pair =>
      key === "MaxRecvDataSegmentLength" ? [key, "512"] : [key, value]
    );
    using session = await SteeredSession.open(server, { keys });
    const first = session.numbers();
    await session.send(textRequest({ ...first, text: encodeText([["SendTargets", "All"]]) }));

    let answer = await session.expect(Opcode.TextResponse, first.itt);
    const parts = [answer.data];
    while (!answer.final) {
      const ttt = answer.u32(Field.ttt);
      assert(answer.data.length <= 512, `segment of ${answer.data.length} bytes`);
      assert.notEqual(ttt, NO_TAG, "an unfinished answer needs a target transfer tag");
      assert.equal(answer.flags & CONTINUE, CONTINUE, "C says that the text goes on");
      const numbers = { ...session.numbers(), itt: first.itt };
      await session.send(textRequest({ ...numbers, ttt, text: new Uint8Array() }));
      answer = await session.expect(Opcode.TextResponse, first.itt);
      parts.push(answer.data);
    }
    assert.equal(answer.u32(Field.ttt), NO_TAG, "the last answer has no tag");
    assert(parts.length > 2, "the list does not fit into two segments");
    const found = records(decodeText(concatBytes(parts)));
    assert.deepEqual([...found.keys()].sort(), [...ALL].sort());
  },

  "a discovery login answers keys that are irrelevant to it": async (server) => {
    using session = await SteeredSession.open(server, { keys: DISCOVERY_KEYS });
    session.close();
    const keys: Pair[] = USUAL_KEYS.filter(([key]) => key === "MaxConnections");
    using other = await SteeredSession.open(server, { keys });
    const answer = other.loginResult.answers.find(([key]) => key === "MaxConnections");
    assert(["1", "Irrelevant"].includes(answer?.[1] ?? ""), `MaxConnections=${answer?.[1]}`);
  },

  "SCSI commands in a discovery session are rejected": async (server) => {
    using session = await SteeredSession.open(server, {});
    await session.sendCommand({ cdb: testUnitReady() });
    const reject = await session.expect(Opcode.Reject);
    assert.equal(reject.data.length, 48, "the header in error comes back");
  },

  "a discovery session ends with a logout": async (server) => {
    await using session = await Session.open(server, {});
    assert.equal(await session.logout(), 0);
  },
});

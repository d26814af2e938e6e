/** The ways through the login phase (RFC 7143 6.3). */
import assert from "node:assert/strict";
import { diskYaml, TARGET_NAME } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import {
  CONTINUE,
  login,
  LoginDialogue,
  nameKeys,
  randomIsid,
  Stage,
  stageFlags,
  USUAL_KEYS,
} from "../initiator/login.ts";
import { Field, Opcode } from "../initiator/pdu.ts";
import { RawConnection } from "../initiator/raw.ts";
import { nopOut } from "../initiator/requests.ts";
import { encodeText, type Pair, valueOf } from "../initiator/text.ts";

const { Security, Operational, FullFeature } = Stage;
const target = { targetName: TARGET_NAME };
const NAMES = nameKeys(target);
const NO_TEXT = new Uint8Array();

/** Verifies that the connection is in the full feature phase: a NOP-Out is answered. */
async function assertFullFeature(raw: RawConnection, expStatSn: number): Promise<void> {
  await raw.sendPdu(nopOut({ itt: 7, cmdSn: 1, expStatSn, immediate: true }));
  assert.equal((await raw.expect(Opcode.NopIn)).itt, 7);
}

async function dialogueWith(
  address: { host: string; port: number },
): Promise<{ raw: RawConnection; dialogue: LoginDialogue }> {
  const raw = await RawConnection.connect(address);
  return { raw, dialogue: new LoginDialogue(raw, { ...target, isid: randomIsid() }) };
}

suite("login stages", diskYaml([{}]), {
  "security, operational, full feature": async (server) => {
    await using session = await openReady(server, [0], {
      path: [Security, Operational, FullFeature],
    });
    assert.equal(valueOf(session.loginResult.answers, "AuthMethod"), "None");
    assert.equal(session.loginResult.responses.length, 2);
  },

  "operational, full feature: one request and one response": async (server) => {
    await using session = await openReady(server, [0], { path: [Operational, FullFeature] });
    assert.equal(session.loginResult.responses.length, 1);
  },

  "security, full feature with no operational key": async (server) => {
    await using session = await openReady(server, [0], {
      path: [Security, FullFeature],
      keys: [],
    });
    assert.equal(session.loginResult.responses.length, 1);
    assert.equal(session.parameters.maxOutstandingR2T, 1, "the default of RFC 7143 holds");
  },

  "a request without T is answered in the same stage": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    const first = await dialogue.exchange(stageFlags(Security), encodeText(NAMES));
    assert(!first.final);
    const auth = encodeText([["AuthMethod", "None"]]);
    assert(!(await dialogue.exchange(stageFlags(Security), auth)).final);
    assert((await dialogue.exchange(stageFlags(Security, Operational), NO_TEXT)).final);
    const keys = encodeText(USUAL_KEYS);
    assert(!(await dialogue.exchange(stageFlags(Operational), keys)).final);
    const last = await dialogue.exchange(stageFlags(Operational, FullFeature), NO_TEXT);
    assert(last.final);
    assert.equal(last.u16(Field.statusClass), 0);
    await assertFullFeature(raw, dialogue.expStatSn);
  },

  "every key in a request of its own": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    await dialogue.exchange(stageFlags(Operational), encodeText(NAMES));
    for (const pair of USUAL_KEYS) {
      const response = await dialogue.exchange(stageFlags(Operational), encodeText([pair]));
      assert.equal(response.u16(Field.statusClass), 0, pair.join("="));
    }
    await dialogue.exchange(stageFlags(Operational, FullFeature), NO_TEXT);
    for (const [key] of USUAL_KEYS) {
      assert(valueOf(dialogue.answers, key) !== undefined, `${key} has no answer`);
    }
    await assertFullFeature(raw, dialogue.expStatSn);
  },

  "text may go on in further requests, cut anywhere": async (server) => {
    const text = encodeText([...NAMES, ...USUAL_KEYS]);
    for (const piece of [1, 7, 100, text.length - 1]) {
      const { raw, dialogue } = await dialogueWith(server);
      using _raw = raw;
      const from = piece === 1 ? text.length - 40 : 0;
      let at = 0;
      while (at < text.length - piece) {
        const end = at < from ? from : at + piece;
        const flags = stageFlags(Operational) | CONTINUE;
        const response = await dialogue.exchange(flags, text.subarray(at, end));
        assert.equal(response.u16(Field.statusClass), 0);
        assert.equal(response.data.length, 0, "the answer waits for the whole text");
        at = end;
      }
      await dialogue.exchange(stageFlags(Operational, FullFeature), text.subarray(at));
      for (const [key] of USUAL_KEYS) {
        assert(valueOf(dialogue.answers, key) !== undefined, `${key} has no answer`);
      }
      await assertFullFeature(raw, dialogue.expStatSn);
    }
  },

  "T together with C is refused": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    const flags = stageFlags(Operational, FullFeature) | CONTINUE;
    const response = await dialogue.exchange(flags, encodeText(NAMES));
    assert.equal(response.u8(Field.statusClass), 2);
    assert.deepEqual(await raw.receiveUntilClosed(), []);
  },

  "stages do not go back": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    await dialogue.exchange(stageFlags(Operational), encodeText(NAMES));
    const back = await dialogue.exchange(stageFlags(Security, Operational), NO_TEXT);
    assert.equal(back.u8(Field.statusClass), 2);
  },

  "a next stage before or equal to the current one is refused": async (server) => {
    for (const flags of [stageFlags(Operational, Operational), stageFlags(Operational, Security)]) {
      const { raw, dialogue } = await dialogueWith(server);
      using _raw = raw;
      const response = await dialogue.exchange(flags, encodeText(NAMES));
      assert.equal(response.u8(Field.statusClass), 2);
    }
  },

  "the reserved stage 2 is refused": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    const response = await dialogue.exchange(stageFlags(2, FullFeature), encodeText(NAMES));
    assert.equal(response.u8(Field.statusClass), 2);
  },

  "a text without end is cut off before it takes memory": async (server) => {
    const { raw, dialogue } = await dialogueWith(server);
    using _raw = raw;
    const names: Pair[] = [...NAMES];
    await dialogue.exchange(stageFlags(Operational) | CONTINUE, encodeText(names));
    const filler = new Uint8Array(8192).fill("x".charCodeAt(0));
    let refused = false;
    for (let sent = 0; sent < 512 && !refused; sent++) {
      try {
        const response = await dialogue.exchange(stageFlags(Operational) | CONTINUE, filler);
        refused = response.u8(Field.statusClass) !== 0;
      } catch {
        refused = true;
      }
    }
    assert(refused, "4 MiB of login text were taken");
  },

  "every login gets its session": async (server) => {
    for (const path of [[Security, FullFeature], [Operational, FullFeature]]) {
      using raw = await RawConnection.connect(server);
      // Operational keys have no place in the security stage (RFC 7143 12).
      const keys = path[0] === Security ? [] : USUAL_KEYS;
      const result = await login(raw, { ...target, path, keys });
      assert.equal(result.status, 0);
      await assertFullFeature(raw, result.expStatSn);
    }
  },
});

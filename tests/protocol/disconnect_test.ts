/** Connections that end at every byte of a login and of a write. */
import assert from "node:assert/strict";
import { readBlocks } from "../harness/block_io.ts";
import { Bystander, BYSTANDER_BLOCKS } from "../harness/bystander.ts";
import { fileDisks } from "../harness/disks.ts";
import { assertNoBug } from "../harness/log.ts";
import { inParallel } from "../harness/parallel.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import { startTestServer, TARGET_NAME, type TestServer } from "../harness/server.ts";
import { makeReady, openReady } from "../harness/sessions.ts";
import { concatBytes, patternBytes } from "../initiator/bytes.ts";
import { testUnitReady, write10 } from "../initiator/cdb.ts";
import {
  keysWith,
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
import { dataOut, loginRequest, scsiCommand, WRITE } from "../initiator/requests.ts";
import { encodeText } from "../initiator/text.ts";

const { Security, Operational, FullFeature } = Stage;
const WIDTH = 8;
const YAML = fileDisks(8 << 20, [{}, {}]);

/** The two requests of a login, as they go over the wire. */
function loginRequests(isid: Uint8Array, expStatSn: number): [Uint8Array, Uint8Array] {
  const fixed = { itt: 0x10000000, cmdSn: 1, isid, expStatSn };
  const names = encodeText([...nameKeys({ targetName: TARGET_NAME }), ["AuthMethod", "None"]]);
  const first = loginRequest({ ...fixed, flags: stageFlags(Security, Operational), text: names });
  const flags = stageFlags(Operational, FullFeature);
  const second = loginRequest({ ...fixed, flags, text: encodeText(USUAL_KEYS) });
  return [first.encode(), second.encode()];
}

/** Logs in as far as `cut` bytes go, then closes. */
async function breakLogin(server: TestServer, cut: number): Promise<void> {
  using raw = await RawConnection.connect(server);
  const isid = randomIsid();
  const [first] = loginRequests(isid, 0);
  await raw.send(first.subarray(0, cut));
  if (cut <= first.length) return;
  const response = await raw.expect(Opcode.LoginResponse);
  const [, second] = loginRequests(isid, response.u32(Field.statSn) + 1);
  await raw.send(second.subarray(0, cut - first.length));
}

const WRITE_KEYS = keysWith({ FirstBurstLength: "1024" });
const DATA = patternBytes(3 * 512, 1);

/**
 * Sends `cut` bytes of a write of three blocks (one immediate, one unsolicited, one solicited), then
 * closes. Returns how long the whole is.
 */
async function breakWrite(server: TestServer, lba: number, cut: number): Promise<number> {
  using raw = await RawConnection.connect(server);
  const options = { targetName: TARGET_NAME, path: [Operational, FullFeature], keys: WRITE_KEYS };
  const { status, expStatSn, cmdSn } = await login(raw, options);
  assert.equal(status, 0);
  const attention = scsiCommand({ itt: 1, cmdSn, expStatSn, cdb: testUnitReady() });
  const fields = { cdb: write10(lba, 3), flags: WRITE | 1, expectedLength: DATA.length };
  const data = DATA.subarray(0, 512);
  const command = scsiCommand({ itt: 2, cmdSn: cmdSn + 1, expStatSn, ...fields, data });
  const out = { itt: 2, expStatSn, dataSn: 0, final: true };
  const unsolicited = dataOut({ ...out, offset: 512, data: DATA.subarray(512, 1024) });
  const unasked = concatBytes([command.encode(), unsolicited.encode()]);
  const start = attention.encode();
  await raw.send(concatBytes([start, unasked.subarray(0, cut)]));
  await raw.expect(Opcode.ScsiResponse);
  const total = unasked.length + 48 + 512;
  if (cut <= unasked.length) return total;

  const r2t = await raw.expect(Opcode.R2T);
  assert.equal(r2t.u32(Field.bufferOffset), 1024);
  const ttt = r2t.u32(Field.ttt);
  const solicited = dataOut({ ...out, ttt, offset: 1024, data: DATA.subarray(1024) }).encode();
  await raw.send(solicited.subarray(0, cut - unasked.length));
  if (cut < total) return total;
  assert.equal((await raw.expect(Opcode.ScsiResponse)).u8(Field.status), 0);
  return total;
}

Deno.test("a login that breaks off at any byte disturbs nobody", async () => {
  await using server = await startTestServer(YAML);
  await using bystander = await Bystander.start(server, 1);
  const total = loginRequests(randomIsid(), 0).reduce((sum, { length }) => sum + length, 0);
  await inParallel(total, WIDTH, (cut) => breakLogin(server, cut));
  await bystander.finish();
  await using session = await openReady(server);
  await makeReady(session, 1);
  assertNoBug(server);
});

Deno.test("a login that breaks off after its last byte leaves a server that goes on", async () => {
  await using server = await startTestServer(YAML);
  for (let i = 0; i < 20; i++) {
    const raw = await RawConnection.connect(server);
    const dialogue = new LoginDialogue(raw, { isid: randomIsid() });
    const names = encodeText(nameKeys({ targetName: TARGET_NAME }));
    if (i % 2 === 0) await dialogue.exchange(stageFlags(Operational, FullFeature), names);
    raw.close();
  }
  await using _session = await openReady(server);
  assertNoBug(server);
});

Deno.test("a write that breaks off at any byte writes nothing", async () => {
  await using server = await startTestServer(YAML);
  const whole = await breakWrite(server, 0, Number.MAX_SAFE_INTEGER);
  await using reader = await openReady(server);
  assertSameBytes(await readBlocks(reader, 0, 3), DATA, "the whole write");

  await using bystander = await Bystander.start(server, 1);
  const from = BYSTANDER_BLOCKS;
  await inParallel(whole, WIDTH, async (cut) => {
    await breakWrite(server, from + 3 * cut, cut);
  });
  await bystander.finish();
  const after = await readBlocks(reader, from, 3 * whole);
  assertSameBytes(after, new Uint8Array(after.length), "blocks of writes that broke off");
  assertNoBug(server);
});

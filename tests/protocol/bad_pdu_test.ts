/** PDUs that break the rules in a session: what they ask for is not done, and nobody else suffers. */
import assert from "node:assert/strict";
import { readBlocks, writeBlocks } from "../harness/block_io.ts";
import { Bystander } from "../harness/bystander.ts";
import { fileDisks } from "../harness/disks.ts";
import { warningsWith } from "../harness/log.ts";
import { assertSameBytes } from "../harness/same_bytes.ts";
import type { TestServer } from "../harness/server.ts";
import { openReady, openSteered } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { write10 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import { Field, FINAL, NO_TAG, Opcode, Pdu } from "../initiator/pdu.ts";
import { dataOut, nopOut, READ, scsiCommand, textRequest, WRITE } from "../initiator/requests.ts";
import type { SteeredSession } from "../initiator/steered.ts";

const BLOCKS = 8;
const OLD = patternBytes(BLOCKS * 512, 1);
const NEW = patternBytes(BLOCKS * 512, 2);
const CDB = write10(0, BLOCKS);
const W = FINAL | WRITE | 1;
const NOT_FINAL_W = WRITE | 1;

type Misdeed = (session: SteeredSession) => Promise<void>;

/** What came back until the answer to a NOP-Out or the end of the connection. */
async function aftermath(session: SteeredSession): Promise<(Pdu | "closed")[]> {
  const found: (Pdu | "closed")[] = [];
  const numbers = session.immediateNumbers();
  try {
    await session.send(nopOut(numbers));
  } catch { /* closed already; what came before it is still there to be read */ }
  while (true) {
    const pdu = await session.receive();
    if (pdu === undefined) return [...found, "closed"];
    if (pdu.opcode === Opcode.NopIn && pdu.itt === numbers.itt) return found;
    found.push(pdu);
  }
}

/** Has a session misbehave towards the first blocks of LUN 0, and verifies what must stay true. */
function misbehave(name: string, keys: Record<string, string>, misdeed: Misdeed) {
  const initiatorName = `iqn.2026-11.org.example.test:${name.replaceAll(/[^a-z0-9]+/gi, "-")}`
    .toLowerCase();
  return async (server: TestServer) => {
    await using setup = await openReady(server);
    await writeBlocks(setup, 0, OLD);
    await using bystander = await Bystander.start(server, 1);
    using session = await openSteered(server, { initiatorName, keys: keysWith(keys) });
    await misdeed(session);
    for (const answer of await aftermath(session)) {
      if (answer === "closed" || answer.opcode !== Opcode.ScsiResponse) continue;
      assert.notEqual(answer.u8(Field.status), 0, "GOOD for a command that broke the rules");
    }
    session.close();
    assertSameBytes(await readBlocks(setup, 0, BLOCKS), OLD, "blocks that must not change");
    await bystander.finish();
    await warningsWith(server, initiatorName);
  };
}

/** Starts a write that waits for solicited data; returns what a Data-Out for it needs. */
async function solicited(session: SteeredSession) {
  const itt = await session.sendCommand({ cdb: CDB, flags: W, expectedLength: NEW.length });
  const r2t = await session.expect(Opcode.R2T, itt);
  const fields = { itt, ttt: r2t.u32(Field.ttt), expStatSn: session.expStatSn };
  return { ...fields, dataSn: 0, offset: 0, data: NEW, final: true };
}

const SOLICITED = { InitialR2T: "Yes", ImmediateData: "No" };
const SMALL_BURST = { FirstBurstLength: "1024" };

const CASES: readonly (readonly [string, Record<string, string>, Misdeed])[] = [
  ["immediate data though ImmediateData=No", SOLICITED, async (session) => {
    const fields = { cdb: CDB, flags: W, expectedLength: NEW.length, data: NEW };
    await session.sendCommand(fields);
  }],
  ["unsolicited data though InitialR2T=Yes", SOLICITED, async (session) => {
    const flags = NOT_FINAL_W;
    const itt = await session.sendCommand({ cdb: CDB, flags, expectedLength: NEW.length });
    const { expStatSn } = session;
    await session.send(dataOut({ itt, expStatSn, data: NEW, offset: 0, dataSn: 0, final: true }));
  }],
  ["immediate data beyond FirstBurstLength", SMALL_BURST, async (session) => {
    const data = NEW.subarray(0, 2048);
    await session.sendCommand({ cdb: CDB, flags: W, expectedLength: NEW.length, data });
  }],
  ["unsolicited data beyond FirstBurstLength", SMALL_BURST, async (session) => {
    const flags = NOT_FINAL_W;
    const itt = await session.sendCommand({ cdb: CDB, flags, expectedLength: NEW.length });
    const { expStatSn } = session;
    await session.send(dataOut({ itt, expStatSn, data: NEW, offset: 0, dataSn: 0, final: true }));
  }],
  ["immediate data beyond the expected length", {}, async (session) => {
    await session.sendCommand({ cdb: write10(0, 1), flags: W, expectedLength: 512, data: NEW });
  }],
  ["Data-Out at the wrong offset", SOLICITED, async (session) => {
    const fields = await solicited(session);
    await session.send(dataOut({ ...fields, data: NEW.subarray(0, 512), offset: 512 }));
  }],
  ["Data-Out with the wrong DataSN", SOLICITED, async (session) => {
    const fields = await solicited(session);
    await session.send(dataOut({ ...fields, dataSn: 3 }));
  }],
  ["Data-Out with a gap in the offsets", SOLICITED, async (session) => {
    const fields = await solicited(session);
    const first = { ...fields, data: NEW.subarray(0, 512), final: false };
    await session.send(dataOut(first));
    const second = { ...fields, data: NEW.subarray(1024), offset: 1024, dataSn: 1 };
    await session.send(dataOut(second));
  }],
  ["Data-Out with a target transfer tag of nobody", SOLICITED, async (session) => {
    const fields = await solicited(session);
    await session.send(dataOut({ ...fields, ttt: (fields.ttt ^ 0x5555) >>> 0 }));
  }],
  ["unsolicited Data-Out where an R2T is open", SOLICITED, async (session) => {
    const fields = await solicited(session);
    await session.send(dataOut({ ...fields, ttt: NO_TAG }));
  }],
  [
    "Data-Out with more than the R2T asked for",
    { ...SOLICITED, MaxBurstLength: "1024" },
    async (session) => {
      const fields = await solicited(session);
      await session.send(dataOut({ ...fields, data: NEW.subarray(0, 2048) }));
    },
  ],
  ["Data-Out that ends with F before the R2T is answered", SOLICITED, async (session) => {
    const fields = await solicited(session);
    await session.send(dataOut({ ...fields, data: NEW.subarray(0, 1024) }));
  }],
  ["a Text Request with F and C", {}, async (session) => {
    const numbers = session.numbers();
    const text = new TextEncoder().encode("SendTargets=\0");
    await session.send(textRequest({ ...numbers, text, flags: FINAL | 0x40 }));
  }],
  ["a Text Request that is no text", {}, async (session) => {
    const text = Uint8Array.of(0xff, 0xfe, 0, 0x3d, 0x3d);
    await session.send(textRequest({ ...session.numbers(), text }));
  }],
];

/** A misdeed after which the byte stream cannot be understood any more, so that it must end. */
function breakStream(name: string, bytes: (session: SteeredSession) => Uint8Array) {
  const initiatorName = `iqn.2026-11.org.example.test:${name.replaceAll(/[^a-z0-9]+/gi, "-")}`
    .toLowerCase();
  return async (server: TestServer) => {
    await using bystander = await Bystander.start(server, 1);
    using session = await openSteered(server, { initiatorName });
    await session.raw.send(bytes(session));
    const rest = await session.raw.receiveUntilClosed();
    assert(rest.every((pdu) => pdu.opcode === Opcode.Reject || pdu.opcode === Opcode.AsyncMessage));
    await bystander.finish();
    await warningsWith(server, initiatorName);
  };
}

suite("bad PDUs", fileDisks(1 << 20, [{}, {}]), {
  ...Object.fromEntries(CASES.map(([name, keys, misdeed]) => [
    name,
    misbehave(name, keys, misdeed),
  ])),

  "a data segment longer than MaxRecvDataSegmentLength ends the connection": breakStream(
    "long segment",
    (session) => {
      const data = new Uint8Array(session.parameters.targetMaxRecv + 4);
      return nopOut({ ...session.immediateNumbers(), data }).encode();
    },
  ),

  "the announcement of 16 MiB ends the connection before they come": breakStream(
    "long announcement",
    (session) => {
      const pdu = nopOut(session.immediateNumbers());
      return pdu.encode({ dataSegmentLength: 0xffffff });
    },
  ),

  "a data segment on a PDU that has none is refused or dropped": misbehave(
    "data on task management",
    {},
    async (session) => {
      const { itt, cmdSn, expStatSn } = session.immediateNumbers();
      const pdu = new Pdu(undefined, NEW)
        .put8(Field.opcode, 0x40 | Opcode.SnackRequest)
        .put8(Field.flags, FINAL)
        .put32(Field.itt, itt)
        .put32(Field.cmdSn, cmdSn)
        .put32(Field.expStatSn, expStatSn);
      await session.send(pdu);
    },
  ),

  "an AHS of an unknown kind, or one that lies about its length, writes nothing": async (
    server,
  ) => {
    await using setup = await openReady(server);
    await writeBlocks(setup, 0, OLD);
    const extended = new Uint8Array(20);
    extended.set([0, 17, 1, 0]);
    for (
      const ahs of [
        Uint8Array.of(0, 5, 0x3f, 0, 1, 2, 3, 4),
        Uint8Array.of(0xff, 0xff, 1, 0),
        Uint8Array.of(0, 0, 0, 0),
        new Uint8Array(1020).fill(0xee),
      ]
    ) {
      using session = await openSteered(server);
      const numbers = session.numbers();
      const fields = { ...numbers, cdb: CDB, flags: W, expectedLength: NEW.length, ahs };
      await session.send(scsiCommand(fields));
      const answers = await aftermath(session);
      const good = answers.some((answer) =>
        answer !== "closed" && answer.opcode === Opcode.ScsiResponse &&
        answer.u8(Field.status) === 0
      );
      assert(!good, "GOOD for a command that nobody understands");
    }
    using session = await openSteered(server);
    const numbers = session.numbers();
    const cdb = Uint8Array.of(0x7f, ...new Array(15).fill(0));
    await session.send(scsiCommand({ ...numbers, cdb, ahs: extended }));
    const response = await session.expect(Opcode.ScsiResponse, numbers.itt);
    assert.equal(response.u8(Field.status), 2, "a CDB of 32 bytes is taken, its opcode is not");
    assert.deepEqual(await session.fence(), []);
    assertSameBytes(await readBlocks(setup, 0, BLOCKS), OLD);
  },

  "a write with R and W is done in full or not at all": async (server) => {
    await using setup = await openReady(server);
    await writeBlocks(setup, 0, OLD);
    using session = await openSteered(server);
    const flags = FINAL | READ | WRITE | 1;
    await session.sendCommand({ cdb: CDB, flags, expectedLength: NEW.length, data: NEW });
    const answer = await session.receive();
    assert(answer !== undefined, "it is answered");
    const good = answer.opcode === Opcode.ScsiResponse && answer.u8(Field.status) === 0;
    assertSameBytes(await readBlocks(setup, 0, BLOCKS), good ? NEW : OLD);
  },

  "padding may hold anything": async (server) => {
    using session = await openSteered(server);
    for (const length of [1, 2, 3, 5]) {
      const numbers = session.immediateNumbers();
      const data = patternBytes(length, length);
      const bytes = nopOut({ ...numbers, data }).encode();
      bytes.fill(0xa5, 48 + length);
      await session.raw.send(bytes);
      const answer = await session.expect(Opcode.NopIn, numbers.itt);
      assertSameBytes(answer.data, data);
    }
  },

  "a PDU may come byte by byte": async (server) => {
    using session = await openSteered(server);
    const numbers = session.immediateNumbers();
    const data = patternBytes(10, 1);
    for (const byte of nopOut({ ...numbers, data }).encode()) {
      await session.raw.send(Uint8Array.of(byte));
    }
    assertSameBytes((await session.expect(Opcode.NopIn, numbers.itt)).data, data);
  },
});

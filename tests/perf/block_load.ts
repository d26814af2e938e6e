/**
 * Reads or writes of one length through one session, as fast as they are answered. It looks at no
 * answer and only counts their bytes: it is to cost less than the server that it drives.
 */
import { TARGET_NAME } from "../harness/disk_yaml.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { read16, testUnitReady, write16 } from "../initiator/cdb.ts";
import { keysWith } from "../initiator/login.ts";
import {
  BHS_LENGTH,
  DIGEST_LENGTH,
  digestOf,
  Field,
  FINAL,
  Opcode,
  type Pdu,
} from "../initiator/pdu.ts";
import type { Address } from "../initiator/raw.ts";
import { READ, scsiCommand, WRITE } from "../initiator/requests.ts";
import { SteeredSession } from "../initiator/steered.ts";

const SIMPLE = 1;
const BLOCK = 512;

export interface LoadShape {
  readonly writes: boolean;
  /** Bytes that each command moves: at most FirstBurstLength, which is 65536. */
  readonly length: number;
  /** Commands in flight: at most QueuedCommands. */
  readonly depth: number;
  /** What is offered in the login other than usual. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The one PDU of each command; all of them move the same blocks. */
function commandOf({ writes, length }: LoadShape): Pdu {
  const cdb = (writes ? write16 : read16)(0, length / BLOCK);
  const flags = FINAL | SIMPLE | (writes ? WRITE : READ);
  const data = writes ? { data: patternBytes(length, 1) } : {};
  const numbers = { itt: 0, cmdSn: 0, expStatSn: 0 };
  return scsiCommand({ ...numbers, cdb, flags, expectedLength: length, ...data });
}

/**
 * Keeps `shape.depth` commands in flight for some seconds and returns how many were answered.
 *
 * @throws Error if the answers are not those of commands that end well
 */
export async function loadBlocks(
  address: Address,
  shape: LoadShape,
  seconds: number,
): Promise<number> {
  using session = await SteeredSession.open(address, {
    targetName: TARGET_NAME,
    keys: keysWith(shape.keys),
  });
  await session.sendCommand({ cdb: testUnitReady() });
  await session.expect(Opcode.ScsiResponse); // the unit attention of the login
  const { digests } = session.parameters;
  const bytes = commandOf(shape).encode({}, digests);
  const view = new DataView(bytes.buffer);
  const answered = shape.writes ? 0 : shape.length + (digests.data ? DIGEST_LENGTH : 0);
  const answerLength = BHS_LENGTH + (digests.header ? DIGEST_LENGTH : 0) + answered;

  const send = async () => {
    view.setUint32(Field.itt, session.cmdSn);
    view.setUint32(Field.cmdSn, session.cmdSn++);
    if (digests.header) bytes.set(digestOf(bytes.subarray(0, BHS_LENGTH)), BHS_LENGTH);
    await session.raw.send(bytes);
  };
  const first = session.cmdSn;
  const end = performance.now() + seconds * 1000;
  for (let count = 0; count < shape.depth; count++) await send();
  let received = 0;
  let done = 0;
  while (first + done < session.cmdSn) {
    received += await session.raw.skip();
    for (; (done + 1) * answerLength <= received; done++) {
      if (performance.now() < end) await send();
    }
  }
  if (received !== done * answerLength) throw new Error("An answer is not as long as it should be");
  return done;
}

/** Two disks, each behind a target of its own, and both behind TARGET: LUN 0 and LUN 1. */
import assert from "node:assert/strict";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { copyCdb, copyList, type CopyListFields, type SegmentFields } from "./copy_list.ts";
import { exchangeGood } from "./exchange.ts";
import { type Peer, Rig, type RigOptions, TARGET } from "./rig.ts";

export const SOURCE_ID = "6025c5700000000000000000000000aa";
export const DESTINATION_ID = "6025c5700000000000000000000000bb";
/** The target that has the destination only. */
export const OTHER_TARGET = "iqn.2026-11.org.scst.test:other";

export interface CopyRigOptions {
  readonly source?: RigOptions;
  readonly destination?: RigOptions;
  /** Whether TARGET has the destination as well; so where nothing is said. */
  readonly together?: boolean;
}

export class CopyRig implements Disposable {
  readonly source: Rig;
  readonly destination: Rig;
  readonly content: Uint8Array;

  constructor(options: CopyRigOptions = {}) {
    this.source = new Rig({ ids: { naaId: SOURCE_ID, usn: "source" }, ...options.source });
    this.destination = new Rig({
      ids: { naaId: DESTINATION_ID, usn: "destination" },
      ...options.destination,
    });
    const { node } = this.source;
    node.addTarget(OTHER_TARGET).luns.add(0, this.destination.device);
    if (options.together ?? true) node.findTarget(TARGET)!.luns.add(1, this.destination.device);
    const isNull = options.source?.null === true;
    this.content = patternBytes(isNull ? 0 : this.source.store.size, 7);
    if (!isNull) Deno.writeFileSync(this.source.path, this.content);
  }

  /** A session with TARGET, past its first unit attentions. */
  login(isid: number): Peer {
    const peer = this.source.login(isid);
    peer.run({ lun: 1, cdb: new Uint8Array(16) });
    return peer;
  }

  /** What the destination holds. */
  get copied(): Uint8Array {
    return Deno.readFileSync(this.destination.path);
  }

  /** Bytes of memory that nobody gave back. */
  get lent(): number {
    return this.source.node.memory.lent + this.destination.node.memory.lent;
  }

  [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
    this.destination[Symbol.dispose]();
  }
}

/** A list that copies from the source to the destination. */
export function listOf(
  segments: readonly SegmentFields[],
  fields: Partial<CopyListFields> = {},
): Uint8Array {
  const targets = [{ naaId: SOURCE_ID }, { naaId: DESTINATION_ID }];
  return copyList({ targets, segments, ...fields });
}

/** A SCSI Command PDU with an EXTENDED COPY. */
export function copyCommand(peer: Peer, list: Uint8Array): Pdu {
  return peer.command({
    cdb: copyCdb(0x83, 0, list.length),
    flags: FINAL | WRITE | 1,
    expectedLength: list.length,
    data: list,
  });
}

/** A copy that must end with GOOD at once. */
export function copyGood(peer: Peer, list: Uint8Array): void {
  exchangeGood(peer, copyCdb(0x83, 0, list.length), { write: list }, "EXTENDED COPY");
}

/** RECEIVE COPY STATUS: COPY COMMAND STATUS, SEGMENTS PROCESSED and TRANSFER COUNT in bytes. */
export function copyStatus(peer: Peer, listId: number): [number, number, number] {
  const data = exchangeGood(peer, copyCdb(0x84, 0, 12, listId), { read: 12 });
  const view = new DataView(data.buffer);
  assert.equal(view.getUint32(0), 8);
  assert.equal(view.getUint8(7), 0, "TRANSFER COUNT UNITS: bytes");
  return [view.getUint8(4), view.getUint16(5), view.getUint32(8)];
}

/** A task management request; `code` as RFC 7143 11.5.1 has it. */
export function manage(peer: Peer, code: number, fields: { task?: number; lun?: number }): Pdu {
  return new Pdu()
    .put8(Field.opcode, Opcode.TaskManagementRequest | 0x40)
    .put8(Field.flags, FINAL | code)
    .put8(9, fields.lun ?? 0) // LUN, peripheral addressing
    .put32(Field.itt, peer.tag())
    .put32(Field.referencedTag, fields.task ?? 0)
    .put32(Field.cmdSn, peer.cmdSn);
}

/**
 * A SCSI command on its way (SAM-5 5.1): its CDB, its data and its result. The transport extends it
 * with what it needs to deliver, the core decodes it, the virtual disk executes it. Commands are
 * used again and again, but never before a store that works for one has finished.
 */
import type { IoVector } from "../../ffi/iovec.ts";
import type { Memory } from "../../ffi/memory.ts";
import { FIELD_IN_CDB, NOTHING, Sense } from "./sense.ts";
import type { StageTimes } from "./stage_times.ts";
import { Status } from "./status.ts";

/** The longest CDB that is kept; what iSCSI carries beyond comes in an AHS. */
export const CDB_MOST = 32;

/** What a command reports to when it is complete: its task set. */
export interface CommandOwner {
  leave(command: Command): void;
}

/** A SCSI target port (SAM-5 4.6.5). */
export interface TargetPort {
  /** RELATIVE TARGET PORT IDENTIFIER. */
  readonly relativeId: number;
  /** SCSI port name (RFC 7143 4.4.2): `iqn...,t,0x0001`. */
  readonly name: string;
}

export abstract class Command {
  readonly cdb: Uint8Array<ArrayBuffer> = new Uint8Array(CDB_MOST);
  readonly cdbView: DataView<ArrayBuffer> = new DataView(this.cdb.buffer);

  /** The port that the command came through. */
  readonly port: TargetPort;

  lun = 0;
  attribute = 0;
  /** Bytes that the initiator is ready to receive. */
  expectedIn = 0;
  /** Bytes that the initiator is ready to send. */
  expectedOut = 0;

  /** Decoded from the CDB by the opcode table. */
  lba = 0;
  blocks = 0;
  /** ALLOCATION LENGTH or PARAMETER LIST LENGTH in bytes. */
  allocationLength = 0;
  /** Bytes of data that the CDB asks to be sent to the device; what comes is at most expectedOut. */
  wantedOut = 0;

  /** Whether it came by a way on which the medium can only be read. */
  readOnly = false;
  /** Whether nobody else may touch its blocks while it runs. */
  exclusive = false;
  /** How often the medium had come or gone when it was admitted. */
  mediumChanges = 0;

  /** Where the data from the initiator lies, when it has come. */
  out: Memory | undefined = undefined;
  outAt = 0;
  outLength = 0;
  /** Whether `out` is the command's own; if not it is valid only until the call returns. */
  outOwned = false;

  status = 0;
  sense = 0;
  /** INFORMATION of the sense data, or NOTHING. */
  information = NOTHING;
  /** Field pointer of the sense data, or NOTHING. */
  field = NOTHING;
  /** COMMAND-SPECIFIC INFORMATION of the sense data, or NOTHING. */
  commandInformation = NOTHING;
  /** Bytes of data-in that the device has for the initiator, before the initiator's limit. */
  availableIn = 0;

  /** Whether the task set lets it run. */
  enabled = false;
  /** Whether all its data has come. */
  ready = false;
  /** Aborted while a store works on it: it ends without a status. */
  aborted = false;
  owner: CommandOwner | undefined = undefined;
  /** When its stages began; undefined while nobody measures that. */
  times: StageTimes | undefined = undefined;

  constructor(port: TargetPort) {
    this.port = port;
  }

  /** Whose it is: the commands of one source take turns with those of others at the store. */
  get source(): object {
    return this.port;
  }

  /** Prepares the object for its next use. */
  renew(): void {
    this.expectedIn = 0;
    this.expectedOut = 0;
    this.lba = 0;
    this.blocks = 0;
    this.allocationLength = 0;
    this.wantedOut = 0;
    this.exclusive = false;
    this.outAt = 0;
    this.outLength = 0;
    this.status = Status.GOOD;
    this.sense = Sense.NO_SENSE;
    this.information = NOTHING;
    this.field = NOTHING;
    this.commandInformation = NOTHING;
    this.availableIn = 0;
    this.enabled = false;
    this.ready = false;
    this.aborted = false;
    this.owner = undefined;
    this.times = undefined;
  }

  /** Ends the command with the status that is set. */
  complete(): void {
    // The status goes first: that of a command that waited for this one must not overtake it.
    const owner = this.owner;
    this.owner = undefined;
    this.deliverStatus();
    if (owner !== undefined) owner.leave(this);
  }

  /** Leaves the task set: whoever waited for this command need not do so any more. */
  leaveTaskSet(): void {
    const owner = this.owner;
    this.owner = undefined;
    if (owner !== undefined) owner.leave(this);
  }

  /** Ends the command with GOOD. */
  succeed(): void {
    this.status = Status.GOOD;
    this.complete();
  }

  /** Ends the command with CHECK CONDITION. */
  fail(sense: number): void {
    this.setSense(sense);
    this.complete();
  }

  /** Ends the command with RESERVATION CONFLICT. */
  conflict(): void {
    this.status = Status.RESERVATION_CONFLICT;
    this.complete();
  }

  /** Ends the command with INVALID FIELD IN CDB that points to a bit of the CDB (SPC-5 4.4.2.4.2). */
  failField(byte: number, bit = 7): void {
    this.field = FIELD_IN_CDB + byte * 8 + bit;
    this.fail(Sense.INVALID_FIELD_IN_CDB);
  }

  /** Ends the command with INVALID FIELD IN PARAMETER LIST that points to a byte of the list. */
  failParameter(byte: number, bit = 7): void {
    this.field = byte * 8 + bit;
    this.fail(Sense.INVALID_FIELD_IN_PARAMETER_LIST);
  }

  /** Sets CHECK CONDITION without ending the command. */
  setSense(sense: number): void {
    this.status = Status.CHECK_CONDITION;
    this.sense = sense;
  }

  /** Ends the command with GOOD and as much of `bytes` as ALLOCATION LENGTH lets through. */
  respond(bytes: Uint8Array): void {
    this.availableIn = Math.min(bytes.length, this.allocationLength);
    this.succeedWith(bytes, this.availableIn);
  }

  /** Ends the command without a word about the device: the target is at its limits (SAM-5 5.3.1). */
  refuseForNow(): void {
    this.status = Status.TASK_SET_FULL;
    this.complete();
  }

  /** Ends a command whose execution threw: a bug, which is logged with the CDB. */
  crash(error: unknown): void {
    this.reportBug(error);
    // Without an owner it had ended before it threw.
    if (this.owner !== undefined || this.aborted) this.fail(Sense.INTERNAL_TARGET_FAILURE);
  }

  /** The task set lets it run from now on, and its data has not come. */
  abstract wasEnabled(): void;

  /** Logs an exception with what is known of the command. */
  protected abstract reportBug(error: unknown): void;

  /** Sends `length` bytes (copied, as many as the initiator expects) as data-in and ends with GOOD. */
  abstract succeedWith(bytes: Uint8Array, length: number): void;

  /**
   * Whether the transport has room for `size` bytes of memory that the command needs for what it reads,
   * until it ends. If not, the command is run once more when there is: nothing must have been done.
   */
  abstract claimRoom(size: number): boolean;

  /**
   * Makes room for `length` bytes of data-in among the answers that go out next and returns the
   * pieces to fill. Either commitData() or releaseData() follows in the same turn.
   */
  abstract reserveData(length: number): IoVector;
  /** Sends what was reserved, together with GOOD; succeed() follows. */
  abstract commitData(): void;
  /** Gives up what was reserved. */
  abstract releaseData(): void;

  /** Bytes of memory that layoutData() needs for `length` bytes of data-in. */
  abstract sizeOfLayout(length: number): number;
  /** Lays `length` bytes of data-in out in `memory` and appends the pieces to fill to `iov`. */
  abstract layoutData(memory: Memory, length: number, iov: IoVector): void;
  /** Sends what was laid out, together with GOOD; complete() follows. `memory` is the transport's now. */
  abstract sendLayout(memory: Memory, length: number): void;

  /** Sends the status to the initiator; the object may be used again afterwards. */
  protected abstract deliverStatus(): void;
}

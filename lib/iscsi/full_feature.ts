/** The full feature phase (RFC 7143 4.2): the order of requests, and who handles each of them. */
import { Memory } from "../../ffi/memory.ts";
import { BHS_LENGTH, CMD_SN, FINAL, INITIATOR_TASK_TAG, NO_TAG, OPCODE, padOf } from "./bhs.ts";
import { handleDataOut } from "./data_out.ts";
import { EARLY_MOST } from "./limits.ts";
import { LateAnswer } from "./late_answer.ts";
import { handleLogout } from "./logout.ts";
import { handleNopOut, sendPing } from "./nop.ts";
import { ConnectionFault, RequestFault } from "./faults.ts";
import { nameOfOpcode, Opcode } from "./opcode.ts";
import { Pdu } from "./pdu.ts";
import { rejectPdu } from "./reject.ts";
import { handleScsiCommand } from "./scsi_command.ts";
import type { Session } from "./session.ts";
import { handleTaskManagement } from "./task_management.ts";
import { TextExchange } from "./text_request.ts";

/**
 * Milliseconds that a request may be missing after it was rejected for its data digest. Linux never
 * sends it again: the sooner it logs in anew, the shorter its users wait.
 */
const MISSING_TIMEOUT = 2000;

export class FullFeature {
  readonly session: Session;
  #text = new TextExchange();
  #lateAnswer: LateAnswer;
  /** Requests that came before their turn, by CmdSN. */
  #early = new Map<number, Memory>();
  #earlyBytes = 0;
  /** CmdSN of the last request that was rejected for its data digest and has to come again. */
  #missing: number | undefined = undefined;
  /** When it was first noticed that it is missing; 0 is not yet. */
  #missingSince = 0;
  #heard = true;
  #lastHeard = 0;
  #asked = false;

  constructor(session: Session) {
    this.session = session;
    this.#lateAnswer = new LateAnswer(session);
  }

  /** Handles a PDU, or keeps it for its turn. */
  handle(pdu: Pdu): void {
    this.#heard = true;
    const { opcode } = pdu;
    if (opcode === Opcode.DATA_OUT) return handleDataOut(this.session, pdu);
    if (!pdu.isIntact) return this.#discard(pdu);
    if (opcode === Opcode.SNACK_REQUEST) {
      return rejectPdu(this.session, pdu, RequestFault.SNACK);
    }
    const { session } = this;
    if (pdu.isImmediate) {
      this.#execute(pdu);
      if (this.#early.size > 0) this.#executeEarly(); // an ABORT TASK may have closed a gap
      return;
    }
    const cmdSN = pdu.uint32(CMD_SN);
    if (!this.#isInWindow(cmdSN)) {
      // Outside of the window: ignored silently (RFC 7143 4.2.2.1).
      return session.report("debug", `ignored ${nameOfOpcode(opcode)} with CmdSN ${cmdSN}`);
    }
    if (cmdSN !== session.window.expCmdSN) return this.#keep(pdu, cmdSN);
    session.window.advance();
    this.#execute(pdu);
    if (this.#early.size > 0) this.#executeEarly();
  }

  /** The initiator has taken something: it is alive. */
  noteProgress(): void {
    this.#heard = true;
    const { latency, output, unsent } = this.session;
    if (latency !== undefined) latency.sent(output.sent);
    unsent.progress();
  }

  /**
   * Aborts a request that has not been executed: it waits for its turn, or has not come at all. It
   * counts as received from now on (RFC 7143 11.6.1). False if `cmdSN` is not in the window, or not
   * before `before`, the CmdSN of the request that aborts it.
   */
  cancelEarly(cmdSN: number, before: number): boolean {
    if (!this.#isInWindow(cmdSN) || ((cmdSN - before) | 0) >= 0) return false;
    this.#earlyBytes -= this.#early.get(cmdSN)?.length ?? 0;
    // A NOP-Out that asks for nothing stands in for it, so that the window moves on.
    const standIn = new Memory(BHS_LENGTH);
    standIn.view.setUint8(OPCODE, Opcode.NOP_OUT);
    standIn.view.setUint32(INITIATOR_TASK_TAG, NO_TAG);
    this.#early.set(cmdSN, standIn);
    this.#earlyBytes += standIn.length;
    return true;
  }

  /** Drops an initiator that does not send what it was asked for, or gives no sign of life. */
  tick(now: number): void {
    if (!this.#checkMissing(now) || !this.#checkData(now)) return;
    this.#lateAnswer.look();
    if (this.#heard) {
      this.#heard = false;
      this.#asked = false;
      this.#lastHeard = now;
    } else this.#askForLife(now - this.#lastHeard);
  }

  /** Milliseconds of silence lead to a question (NopInInterval), and to the end (NopInTimeout). */
  #askForLife(silence: number): void {
    const { nopInInterval, nopInTimeout } = this.session.attributes;
    if (this.#asked && silence >= (nopInInterval + nopInTimeout) * 1000) {
      this.session.connection.breakOff(
        `${ConnectionFault.SILENCE.says}: ${Math.round(silence / 1000)} s`,
      );
    } else if (!this.#asked && nopInInterval > 0 && silence >= nopInInterval * 1000) {
      this.#asked = true;
      sendPing(this.session);
    }
  }

  /** False if the connection has ended since data does not come (RspTimeout). */
  #checkData(now: number): boolean {
    const { session } = this;
    const limit = session.attributes.rspTimeout;
    for (const task of session.tasks.values()) {
      if (task.millisecondsWithoutData(now) < limit * 1000) continue;
      const which = `lun=${task.lun} itt=0x${task.initiatorTaskTag.toString(16)}`;
      session.connection.breakOff(`${ConnectionFault.NO_DATA.says}: ${limit} s for ${which}`);
      return false;
    }
    return true;
  }

  /**
   * False if the connection has ended since a rejected request stays missing: everything that was sent
   * after it waits, and an initiator of error recovery level 0 has no other way out.
   */
  #checkMissing(now: number): boolean {
    if (this.#missing === undefined) return true;
    const { window: { expCmdSN }, connection } = this.session;
    if (((this.#missing - expCmdSN) | 0) < 0) {
      this.#missing = undefined;
    } else if (this.#missingSince === 0) {
      this.#missingSince = now;
    } else if (now - this.#missingSince >= MISSING_TIMEOUT) {
      connection.breakOff(ConnectionFault.MISSING.says);
      return false;
    }
    return true;
  }

  #execute(pdu: Pdu): void {
    const { session } = this;
    const { opcode } = pdu;
    if (opcode === Opcode.SCSI_COMMAND) return handleScsiCommand(session, pdu);
    // What has no task is done when it is answered.
    if (!pdu.isImmediate) session.window.openByOne();
    const fault = this.#findFault(pdu);
    if (fault !== undefined) return rejectPdu(session, pdu, fault);
    switch (opcode) {
      case Opcode.NOP_OUT:
        return handleNopOut(session, pdu);
      case Opcode.TASK_MANAGEMENT_REQUEST:
        return handleTaskManagement(session, pdu);
      case Opcode.TEXT_REQUEST:
        return this.#handleText(pdu);
      case Opcode.LOGOUT_REQUEST:
        return handleLogout(session, pdu);
      default:
        return rejectPdu(session, pdu, RequestFault.OPCODE);
    }
  }

  /** A discovery session has all targets looked at for a few bytes: see Connection.receive(). */
  #handleText(pdu: Pdu): void {
    const { session } = this;
    if (!session.isDiscovery) return this.#text.handle(session, pdu);
    const began = performance.now();
    this.#text.handle(session, pdu);
    session.node.discoveryPace.note(began, performance.now());
  }

  /** What is wrong with a request that is no SCSI command, whatever else it says. */
  #findFault({ opcode, initiatorTaskTag }: Pdu): RequestFault | undefined {
    const { isDiscovery, tasks } = this.session;
    if (opcode === Opcode.TASK_MANAGEMENT_REQUEST && isDiscovery) {
      return RequestFault.NOT_IN_DISCOVERY;
    }
    if (initiatorTaskTag === NO_TAG) {
      return opcode === Opcode.NOP_OUT ? undefined : RequestFault.RESERVED_TASK_TAG;
    }
    if (opcode === Opcode.NOP_OUT && isDiscovery) return RequestFault.NOT_IN_DISCOVERY;
    return tasks.has(initiatorTaskTag) ? RequestFault.TASK_TAG_IN_USE : undefined;
  }

  /** Whether a request with this CmdSN may come now. */
  #isInWindow(cmdSN: number): boolean {
    const { expCmdSN, maxCmdSN } = this.session.window;
    return ((cmdSN - expCmdSN) | 0) >= 0 && ((cmdSN - maxCmdSN) | 0) <= 0;
  }

  /**
   * Rejects a request whose data digest is wrong. Its CmdSN does not count as received: the initiator
   * may send it again or abort it (RFC 7143 7.3, 7.8).
   */
  #discard(pdu: Pdu): void {
    rejectPdu(this.session, pdu, RequestFault.DATA_DIGEST);
    const cmdSN = pdu.uint32(CMD_SN);
    if (pdu.isImmediate || !this.#isInWindow(cmdSN)) return;
    this.#missing = cmdSN;
    this.#missingSince = 0;
  }

  #keep(pdu: Pdu, cmdSN: number): void {
    const length = pdu.dataAt - pdu.at + pdu.dataLength + padOf(pdu.dataLength);
    if (this.#early.has(cmdSN)) return;
    if (pdu.opcode === Opcode.SCSI_COMMAND && (pdu.flags & FINAL) === 0) {
      // Its data would come before it has a task that could take it.
      return rejectPdu(this.session, pdu, RequestFault.EARLY_UNSOLICITED);
    }
    if (this.#earlyBytes + length > EARLY_MOST) {
      return rejectPdu(this.session, pdu, RequestFault.EARLY_TOO_MUCH);
    }
    const memory = new Memory(Math.max(length, BHS_LENGTH));
    memory.bytes.set(pdu.memory.bytes.subarray(pdu.at, pdu.at + length));
    this.#early.set(cmdSN, memory);
    this.#earlyBytes += memory.length;
  }

  #executeEarly(): void {
    const { session } = this;
    for (;;) {
      const memory = this.#early.get(session.window.expCmdSN);
      if (memory === undefined || session.connection.isFinishing) return;
      this.#early.delete(session.window.expCmdSN);
      this.#earlyBytes -= memory.length;
      session.window.advance();
      const pdu = new Pdu(session.digests);
      pdu.set(memory, 0);
      this.#execute(pdu);
    }
  }
}

/** A well-behaved session on one connection; every rule that the target breaks is an error. */
import { login, type LoginOptions, LoginRefused, type LoginResult } from "./login.ts";
import { agreedParameters, type Parameters } from "./parameters.ts";
import { Field, FINAL, NO_TAG, Opcode, opcodeName, type Pdu } from "./pdu.ts";
import { type Address, RawConnection } from "./raw.ts";
import * as request from "./requests.ts";
import { type ScsiResult, Task, type TaskSetup } from "./task.ts";
import { decodeText, encodeText, type Pairs } from "./text.ts";
import { Wire } from "./wire.ts";
import { carriesStatus, ProtocolViolation } from "./witness.ts";
import { dataOutSequence, planWrite, type WriteLimits } from "./write_plan.ts";

export interface CommandOptions extends WriteLimits {
  readonly lun?: number;
  /** How many bytes to expect (Expected Data Transfer Length of a read). */
  readonly read?: number;
  /** The data to write. */
  readonly write?: Uint8Array;
  /** A task attribute; SIMPLE if not given. */
  readonly attribute?: number;
}

export interface TaskManagementOptions {
  readonly lun?: number;
  readonly referencedTag?: number;
  readonly refCmdSn?: number;
}

/** A command that has been sent. */
export interface StartedCommand {
  readonly itt: number;
  readonly done: Promise<ScsiResult>;
}

/** Whoever executes SCSI commands. */
export interface Commander {
  command(cdb: Uint8Array, options?: CommandOptions): Promise<ScsiResult>;
}

export class Session implements AsyncDisposable {
  readonly loginResult: LoginResult;
  readonly parameters: Parameters;
  readonly #wire: Wire;
  readonly #tasks = new Map<number, Task>();
  /** NOP, Text, task management and logout requests that wait for their response. */
  readonly #requests = new Map<number, (pdu: Pdu) => void>();

  private constructor(raw: RawConnection, loginResult: LoginResult) {
    this.loginResult = loginResult;
    this.parameters = agreedParameters(loginResult.offered, loginResult.answers);
    raw.digests = this.parameters.digests;
    this.#wire = new Wire(raw, loginResult, (pdu) => this.#dispatch(pdu));
  }

  /**
   * Connects and logs in.
   *
   * @throws LoginRefused if the login is refused
   */
  static async open(address: Address, options: LoginOptions): Promise<Session> {
    const raw = await RawConnection.connect(address);
    try {
      const result = await login(raw, options);
      if (result.status !== 0) throw new LoginRefused(result);
      return new Session(raw, result);
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  /** The next CmdSN to be used, ExpCmdSN and MaxCmdSN as last heard. */
  get window(): { cmdSn: number; expCmdSn: number; maxCmdSn: number } {
    const { expCmdSn, maxCmdSn } = this.#wire.witness;
    return { cmdSn: this.#wire.cmdSn, expCmdSn, maxCmdSn };
  }

  /** Executes a SCSI command; waits while the command window is shut. */
  async command(cdb: Uint8Array, options: CommandOptions = {}): Promise<ScsiResult> {
    const { itt, done } = await this.start(cdb, options);
    return await this.#wire.limited(done, `answer to command ${itt}`);
  }

  /** Sends a SCSI command and hands out its tag, for task management, and its future result. */
  async start(cdb: Uint8Array, options: CommandOptions = {}): Promise<StartedCommand> {
    const numbers = await this.#wire.numbers();
    const { write } = options;
    const plan = planWrite(write?.length ?? 0, this.parameters, options);
    const setup: TaskSetup = {
      itt: numbers.itt,
      lun: options.lun ?? 0,
      parameters: this.parameters,
      expectedLength: write?.length ?? options.read ?? 0,
      ...(write === undefined ? {} : { writeData: write, solicitedFrom: plan.solicitedFrom }),
    };
    const task = new Task(setup);
    this.#tasks.set(numbers.itt, task);
    const unsolicited = plan.solicitedFrom - plan.immediate;
    // F says that no unsolicited Data-Out follows (RFC 7143 11.3.1).
    const flags = (unsolicited > 0 ? 0 : FINAL) |
      (options.read ? request.READ : 0) | (write !== undefined ? request.WRITE : 0) |
      (options.attribute ?? request.TaskAttribute.Simple);
    this.#wire.send(request.scsiCommand({
      ...numbers,
      cdb,
      flags,
      lun: setup.lun,
      expectedLength: setup.expectedLength,
      ...(plan.immediate > 0 && write ? { data: write.subarray(0, plan.immediate) } : {}),
    }));
    const stretch = { offset: plan.immediate, length: unsolicited, ttt: NO_TAG };
    for (const pdu of dataOutSequence(setup, stretch, numbers.expStatSn)) this.#wire.send(pdu);
    return { itt: numbers.itt, done: task.done.promise };
  }

  /** Sends a NOP-Out and returns the data that came back. */
  async nop(data: Uint8Array = new Uint8Array()): Promise<Uint8Array> {
    const numbers = await this.#wire.numbers();
    const response = await this.#exchange(request.nopOut({ ...numbers, data }), Opcode.NopIn);
    return response.data;
  }

  /** Sends one Text Request and returns the pairs of a response that fits into one PDU. */
  async text(pairs: Pairs): Promise<Pairs> {
    const text = encodeText(pairs);
    const numbers = await this.#wire.numbers();
    const pdu = request.textRequest({ ...numbers, text });
    const response = await this.#exchange(pdu, Opcode.TextResponse);
    if (!response.final) throw new Error("Text Response goes on in another PDU");
    return decodeText(response.data);
  }

  /** Has a task management function executed; returns the response code (RFC 7143 11.6.1). */
  async taskManagement(fn: number, options: TaskManagementOptions = {}): Promise<number> {
    const numbers = this.#wire.immediateNumbers();
    const pdu = request.taskManagement({ ...numbers, ...options, function: fn });
    const response = await this.#exchange(pdu, Opcode.TaskManagementResponse);
    return response.u8(Field.response);
  }

  /** Gives up a task that was aborted: an answer to it is a violation from here. */
  forget(itt: number): void {
    this.#tasks.delete(itt);
  }

  /** Logs out, waits until the target has closed and returns the response code (RFC 7143 11.15.1). */
  async logout(): Promise<number> {
    const pdu = request.logoutRequest(this.#wire.immediateNumbers());
    const response = await this.#exchange(pdu, Opcode.LogoutResponse);
    await this.#wire.closed();
    return response.u8(Field.response);
  }

  /** Waits until the target has closed the connection, whatever the reason. */
  async closed(): Promise<void> {
    await this.#wire.closed();
  }

  /** Ends the connection without a logout. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire[Symbol.asyncDispose]();
  }

  async #exchange(pdu: Pdu, opcode: number): Promise<Pdu> {
    const answer = Promise.withResolvers<Pdu>();
    this.#requests.set(pdu.itt, answer.resolve);
    this.#wire.send(pdu);
    const response = await this.#wire.limited(answer.promise, opcodeName(opcode));
    if (response.opcode !== opcode) {
      const got = opcodeName(response.opcode);
      throw new ProtocolViolation(`Expected ${opcodeName(opcode)}: got ${got}`);
    }
    return response;
  }

  #dispatch(pdu: Pdu): void {
    const { itt, opcode } = pdu;
    if (opcode === Opcode.NopIn && itt === NO_TAG) return this.#answerPing(pdu);
    if (opcode === Opcode.AsyncMessage) return;
    if (opcode === Opcode.Reject) {
      throw new ProtocolViolation(`Reject with reason ${pdu.u8(Field.response)}`);
    }
    const answer = this.#requests.get(itt);
    if (answer !== undefined) {
      this.#requests.delete(itt);
      return answer(pdu);
    }
    const task = this.#tasks.get(itt);
    if (task === undefined) {
      throw new ProtocolViolation(`${opcodeName(opcode)} for a task that is not there: ITT ${itt}`);
    }
    switch (opcode) {
      case Opcode.DataIn:
        if (carriesStatus(pdu)) this.#tasks.delete(itt);
        return task.takeDataIn(pdu);
      case Opcode.ScsiResponse:
        this.#tasks.delete(itt);
        return task.takeResponse(pdu);
      case Opcode.R2T:
        for (const out of task.takeR2T(pdu, this.#wire.witness.expStatSn)) {
          this.#wire.send(out, out.final ? () => task.sent() : undefined);
        }
        return;
      default:
        throw new ProtocolViolation(`${opcodeName(opcode)} for SCSI task ${itt}`);
    }
  }

  /** A target's ping is answered if it has a tag (RFC 7143 11.19.2). */
  #answerPing(pdu: Pdu): void {
    const ttt = pdu.u32(Field.ttt);
    if (ttt === NO_TAG) return;
    const numbers = { ...this.#wire.immediateNumbers(), itt: NO_TAG };
    this.#wire.send(request.nopOut({ ...numbers, ttt, data: pdu.data }));
  }
}

/** A session after its login, driven PDU by PDU, so that a test can break any rule it likes. */
import { login, type LoginOptions, LoginRefused, type LoginResult } from "./login.ts";
import { agreedParameters, type Parameters } from "./parameters.ts";
import { Field, NO_TAG, Opcode, opcodeName, type Pdu } from "./pdu.ts";
import { type Address, RawConnection } from "./raw.ts";
import { nopOut, type Numbers, scsiCommand, type ScsiCommandFields } from "./requests.ts";
import { Witness } from "./witness.ts";

export class SteeredSession implements Disposable {
  readonly raw: RawConnection;
  readonly loginResult: LoginResult;
  readonly parameters: Parameters;
  readonly #witness: Witness;
  /** The next CmdSN. */
  cmdSn: number;
  #itt = 1;

  private constructor(raw: RawConnection, loginResult: LoginResult) {
    this.raw = raw;
    this.loginResult = loginResult;
    this.parameters = agreedParameters(loginResult.offered, loginResult.answers);
    raw.digests = this.parameters.digests;
    this.#witness = new Witness(loginResult);
    this.cmdSn = loginResult.cmdSn;
  }

  static async open(address: Address, options: LoginOptions): Promise<SteeredSession> {
    const raw = await RawConnection.connect(address);
    try {
      const result = await login(raw, options);
      if (result.status !== 0) throw new LoginRefused(result);
      return new SteeredSession(raw, result);
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  get expStatSn(): number {
    return this.#witness.expStatSn;
  }

  get expCmdSn(): number {
    return this.#witness.expCmdSn;
  }

  get maxCmdSn(): number {
    return this.#witness.maxCmdSn;
  }

  /** A fresh task tag and the next CmdSN. */
  numbers(): Numbers {
    const numbers = { itt: this.#itt++, cmdSn: this.cmdSn, expStatSn: this.expStatSn };
    this.cmdSn = this.cmdSn + 1 >>> 0;
    return numbers;
  }

  /** A fresh task tag for immediate delivery, which takes no CmdSN. */
  immediateNumbers(): Numbers {
    return { itt: this.#itt++, cmdSn: this.cmdSn, expStatSn: this.expStatSn, immediate: true };
  }

  async send(pdu: Pdu): Promise<void> {
    await this.raw.sendPdu(pdu);
  }

  /** Sends a SCSI Command with the next CmdSN, where `fields` does not say otherwise; returns its tag. */
  async sendCommand(
    fields: Omit<ScsiCommandFields, keyof Numbers> & Partial<Numbers>,
  ): Promise<number> {
    const numbers = fields.cmdSn === undefined ? this.numbers() : this.immediateNumbers();
    const pdu = scsiCommand({ ...numbers, immediate: false, ...fields });
    await this.send(pdu);
    return pdu.itt;
  }

  /** The next PDU, whose sequence numbers are checked; undefined at the end of the connection. */
  async receive(limitMs?: number): Promise<Pdu | undefined> {
    const pdu = await this.raw.receive(limitMs);
    if (pdu !== undefined) this.#witness.observe(pdu);
    return pdu;
  }

  /** The next PDU, which must have this opcode and, if given, this tag. */
  async expect(opcode: number, itt?: number): Promise<Pdu> {
    const pdu = await this.receive();
    const wanted = opcodeName(opcode);
    if (pdu === undefined) throw new Error(`Expected ${wanted}: connection closed`);
    if (pdu.opcode !== opcode) {
      const reason = pdu.opcode === Opcode.Reject ? ` with reason ${pdu.u8(Field.response)}` : "";
      throw new Error(`Expected ${wanted}: got ${opcodeName(pdu.opcode)}${reason}`);
    }
    if (itt !== undefined && pdu.itt !== itt) {
      throw new Error(`Expected ${wanted} for task ${itt}: got one for ${pdu.itt}`);
    }
    return pdu;
  }

  /**
   * Sends an immediate NOP-Out and returns what the target said before its answer. As the target works
   * PDUs off in order, what it has not said by then it does not want to say.
   */
  async fence(): Promise<Pdu[]> {
    const numbers = this.immediateNumbers();
    await this.send(nopOut(numbers));
    const before: Pdu[] = [];
    while (true) {
      const pdu = await this.receive();
      if (pdu === undefined) throw new Error("Connection was closed before the answer to NOP-Out");
      if (pdu.opcode === Opcode.NopIn && pdu.itt === numbers.itt) return before;
      if (pdu.opcode !== Opcode.NopIn || pdu.itt !== NO_TAG) before.push(pdu);
    }
  }

  close(): void {
    this.raw.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

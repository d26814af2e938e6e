/** A host of a Rig that registers and reserves: one I_T nexus, by the names that it goes under. */
import { read10, requestSense, write10 } from "../initiator/cdb.ts";
import {
  type FullStatus,
  type Keys,
  parseFullStatus,
  parseKeys,
  parseReservation,
  PrIn,
  prIn,
  type PrList,
  prList,
  prOut,
  transportId,
} from "../initiator/reservations.ts";
import { parseSense, senseText } from "../initiator/sense.ts";
import { exchange, exchangeGood, type Outcome, type Transfer } from "./exchange.ts";
import { BLOCK, type Peer, type Rig, TARGET } from "./rig.ts";

const CONFLICT = 0x18;

/** How a command ended, in a word: GOOD, CONFLICT, or its sense as in `05/26/00`. */
export function ending({ status, sense }: Outcome): string {
  if (status === 0) return "GOOD";
  if (status === CONFLICT) return "CONFLICT";
  return status === 2 ? senseText(sense) : `status ${status}`;
}

export class PrHost {
  readonly node: string;
  readonly isid: number;
  readonly target: string;
  #rig: Rig;
  #peer: Peer;

  /** Logs in and takes the first unit attention. */
  constructor(rig: Rig, node: string, isid = 1, target = TARGET) {
    this.node = node;
    this.isid = isid;
    this.target = target;
    this.#rig = rig;
    this.#peer = this.#login();
  }

  get peer(): Peer {
    return this.#peer;
  }

  /** Name of its initiator port. */
  get initiator(): string {
    return `${this.node},i,0x${this.#isidDigits}`;
  }

  get transportId(): Uint8Array {
    return transportId(this.node, this.#isidDigits);
  }

  get #isidDigits(): string {
    return this.isid.toString(16).padStart(12, "0");
  }

  /** Ends the session and begins it anew. */
  relogin(): void {
    this.#peer.connection.close();
    this.#peer = this.#login();
  }

  run(cdb: Uint8Array, transfer: Transfer = {}): string {
    return ending(exchange(this.#peer, cdb, transfer));
  }

  /** PERSISTENT RESERVE OUT with a basic list. */
  out(action: number, list: PrList, type = 0): string {
    return this.send(action, prList(list), type);
  }

  /** PERSISTENT RESERVE OUT with any list. */
  send(action: number, write: Uint8Array, type = 0): string {
    return this.run(prOut(action, type, write.length), { write });
  }

  in(action: number): Uint8Array {
    return exchangeGood(this.#peer, prIn(action, 65535), { read: 65535 });
  }

  get keys(): Keys {
    return parseKeys(this.in(PrIn.READ_KEYS));
  }

  get reservation(): { key: bigint; type: number } | undefined {
    return parseReservation(this.in(PrIn.READ_RESERVATION));
  }

  get fullStatus(): FullStatus[] {
    return parseFullStatus(this.in(PrIn.FULL_STATUS));
  }

  read(): string {
    return this.run(read10(0, 1), { read: BLOCK });
  }

  write(): string {
    return this.run(write10(0, 1), { write: new Uint8Array(BLOCK) });
  }

  /** Takes the unit attentions that wait, in their order. */
  attentions(): string[] {
    const found: string[] = [];
    for (;;) {
      const sense = parseSense(exchangeGood(this.#peer, requestSense(18), { read: 18 }));
      if (sense.key !== 6) return found;
      found.push(senseText(sense));
    }
  }

  #login(): Peer {
    return this.#rig.login(this.isid, { InitiatorName: this.node, TargetName: this.target });
  }
}

/** Data that goes wrong on its way to a target, where a data digest tells. */
import { DIGEST_LENGTH, type Digests, Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import type { Random } from "./random.ts";

const DATA_DIGEST_ERROR = 0x02; // RFC 7143 11.17.1

export class LineNoise {
  readonly #random: Random;
  readonly #odds: number;
  /** What went wrong and has not been rejected yet, by tag. */
  readonly #spoilt = new Map<number, Pdu>();

  /** One in `odds` PDUs with data goes wrong. */
  constructor(random: Random, odds: number) {
    this.#random = random;
    this.#odds = odds;
  }

  /** Whether something went wrong that has not been rejected yet. */
  get isPending(): boolean {
    return this.#spoilt.size > 0;
  }

  /** The bytes of a PDU with a wrong bit in its data or its data digest; undefined if it stays right. */
  spoil(pdu: Pdu, digests: Digests): Uint8Array<ArrayBuffer> | undefined {
    const random = this.#random;
    const isCovered = digests.data && pdu.data.length > 0;
    if (!isCovered || random.below(this.#odds) > 0) return undefined;
    this.#spoilt.set(pdu.itt, pdu);
    const bytes = pdu.encode({}, digests);
    bytes[bytes.length - 1 - random.below(pdu.data.length + DIGEST_LENGTH)]! ^= 1 <<
      random.below(8);
    return bytes;
  }

  /** What a Reject is about, if that is something that went wrong; a request is to be sent once more. */
  rejected(reject: Pdu): Pdu | undefined {
    if (reject.opcode !== Opcode.Reject || reject.u8(Field.response) !== DATA_DIGEST_ERROR) return;
    const itt = new DataView(reject.data.slice().buffer).getUint32(Field.itt);
    const pdu = this.#spoilt.get(itt);
    this.#spoilt.delete(itt);
    return pdu;
  }
}

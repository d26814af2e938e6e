/** Data that an initiator has announced, or was asked for, and has not sent. */
import { Field, FINAL, NO_TAG, type Pdu } from "../initiator/pdu.ts";
import { dataOut } from "../initiator/requests.ts";
import type { Random } from "./random.ts";

/** A sequence of it. */
interface Debt {
  readonly itt: number;
  readonly ttt: number;
  offset: number;
  left: number;
  dataSn: number;
}

export class Debts {
  readonly #random: Random;
  #debts: Debt[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#debts.length === 0;
  }

  add(itt: number, ttt: number, offset: number, left: number): void {
    this.#debts.push({ itt, ttt, offset, left, dataSn: 0 });
  }

  /** A part of the oldest, which now and then is not what was asked for. */
  pay(): Pdu {
    const random = this.#random;
    const debt = this.#debts[0]!;
    const most = random.pick([512, 4096, 65536, 1 << 20]);
    const length = Math.min(debt.left, random.below(3) === 0 ? 1 + random.below(most) : most);
    const { itt, ttt, offset, dataSn } = debt;
    debt.offset += length;
    debt.left -= length;
    debt.dataSn++;
    const final = debt.left === 0 || ttt === NO_TAG && random.below(10) === 0;
    if (final) this.#debts.shift();
    const data = new Uint8Array(length).fill(random.below(256));
    const pdu = dataOut({ itt, ttt, expStatSn: 0, data, offset, dataSn, final });
    if (random.below(40) === 0) pdu.put32(Field.bufferOffset, offset + random.below(3000));
    if (random.below(40) === 0) pdu.put32(Field.ttt, random.below(50));
    if (random.below(40) === 0) pdu.put8(Field.flags, final ? 0 : FINAL);
    return pdu;
  }
}

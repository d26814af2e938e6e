/** Damage to the bytes of a PDU. */
import { BHS_LENGTH, Field } from "../initiator/pdu.ts";
import type { Random } from "./random.ts";

/** A copy of `bytes` with bits flipped, fields overwritten, its length made a lie, or its end cut off. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  switch (random.below(24)) {
    case 0: // a length that is a lie, and ends the stream as a rule
      copy[Field.dataSegmentLength + random.below(3)] = random.below(256);
      return copy;
    case 1:
      copy[Field.totalAhsLength] = random.below(8);
      return copy;
    case 2:
      return copy.slice(0, random.below(copy.length));
    case 3:
    case 4:
    case 5: {
      const field = 4 * random.below(BHS_LENGTH / 4);
      if (field !== Field.totalAhsLength) copy.set(random.bytes(4), field);
      return copy;
    }
    default:
      for (let count = 1 + random.below(4); count > 0; count--) {
        const at = random.below(random.below(4) === 0 ? copy.length : BHS_LENGTH);
        const isLength = at >= Field.totalAhsLength && at < Field.lun;
        if (!isLength) copy[at]! ^= 1 << random.below(8);
      }
      return copy;
  }
}

/** The order of unit attention conditions (SAM-5 5.14). */
import { Sense } from "../scsi/sense.ts";

/** ADDITIONAL SENSE CODE of the conditions that say that something was reset (SAM-5 5.3.3). */
export const RESET = 0x29;

/**
 * The conditions that take precedence over all others, the highest first (SAM-5 table 49). Each of
 * them stands for the lower ones of the list as well.
 */
const PRECEDENCE: readonly number[] = [
  Sense.POWER_ON_OR_RESET,
  Sense.BUS_DEVICE_RESET,
  Sense.NEXUS_LOSS,
];

/**
 * The conditions `waiting` and a new one, in the order in which they are reported: resets first, then
 * the oldest. One that is there already is not there twice.
 */
export function insertAttention(waiting: readonly number[], sense: number): number[] {
  const level = PRECEDENCE.indexOf(sense);
  if (level < 0) return waiting.includes(sense) ? [...waiting] : [...waiting, sense];
  const others = waiting.filter((other) => !PRECEDENCE.includes(other));
  const highest = PRECEDENCE.find((other, at) => at === level || waiting.includes(other));
  return [highest!, ...others];
}

/** What is wrong with the parameter list of a copy: sense, and where. */
import { NOTHING, Sense } from "../scsi/sense.ts";
import type { CoreCommand } from "./operation.ts";

export class CopyFault {
  readonly sense: number;
  /** Byte of the parameter list * 8 + bit, or NOTHING. */
  readonly field: number;
  /** The segment descriptor that it was found in, or NOTHING. */
  readonly segment: number;

  constructor(sense: number, field: number, segment: number = NOTHING) {
    this.sense = sense;
    this.field = field;
    this.segment = segment;
  }

  /** INVALID FIELD IN PARAMETER LIST that points to a byte, or a bit of it. */
  static at(byte: number, bit = 7): CopyFault {
    return new CopyFault(Sense.INVALID_FIELD_IN_PARAMETER_LIST, byte * 8 + bit);
  }

  /** Ends a command with it. */
  end(command: CoreCommand): void {
    command.field = this.field;
    command.commandInformation = this.segment;
    command.fail(this.sense);
  }
}

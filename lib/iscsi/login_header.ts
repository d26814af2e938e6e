/** What the headers of the requests of one login have to say (RFC 7143 6.3, 11.12). */
import { BHS_LENGTH, CONTINUE, INITIATOR_TASK_TAG } from "./bhs.ts";
import { LoginFault } from "./faults.ts";
import {
  CID,
  ISID,
  SESSION_ID_LENGTH,
  stagesOf,
  TRANSIT,
  TSIH,
  VERSION_MAX,
  VERSION_MIN,
} from "./login_pdu.ts";
import { LOGIN_STAGES, LoginStage, REQUEST_IN, TRANSIT_TO } from "./login_stages.ts";
import type { Pdu } from "./pdu.ts";
import { type Refusal, refuseFault } from "./refusal.ts";
import { StateWalk } from "./state_table.ts";

/** Fields that are the same in all requests: a login is one task, and for one connection. */
const FIXED: readonly { readonly name: string; readonly at: number; readonly length: number }[] = [
  { name: "Version-max", at: VERSION_MAX, length: 1 },
  { name: "Version-min", at: VERSION_MIN, length: 1 },
  { name: "ISID", at: ISID, length: 6 },
  { name: "TSIH", at: TSIH, length: 2 },
  { name: "Initiator Task Tag", at: INITIATOR_TASK_TAG, length: 4 },
  { name: "CID", at: CID, length: 2 },
];

export class LoginHeader {
  #stages = new StateWalk(LOGIN_STAGES, LoginStage.START);
  /** The header of the first request. */
  #first: Uint8Array | undefined = undefined;

  /** A number of LoginStage. */
  get stage(): number {
    return this.#stages.at;
  }

  /** ISID and TSIH of the login: eight bytes as they stand in the header; undefined before it began. */
  get sessionId(): Uint8Array | undefined {
    return this.#first?.subarray(ISID, ISID + SESSION_ID_LENGTH);
  }

  /** Takes the header of the next request. */
  take(pdu: Pdu): Refusal | undefined {
    const changed = this.#findChange(pdu);
    if (changed !== undefined) return refuseFault(LoginFault.CHANGED_FIELD, changed);
    if (pdu.uint8(VERSION_MIN) > 0) {
      const versions = `${pdu.uint8(VERSION_MIN)} to ${pdu.uint8(VERSION_MAX)}, 0 is supported`;
      return refuseFault(LoginFault.VERSION, versions);
    }
    const { stage, next } = stagesOf(pdu);
    const event = REQUEST_IN[stage]!;
    const stages = this.#stages;
    if (!stages.may(event)) return refuseFault(LoginFault.STAGE, stages.describe(event));
    stages.take(event);
    if ((pdu.flags & TRANSIT) === 0) return undefined;
    if ((pdu.flags & CONTINUE) !== 0) return refuseFault(LoginFault.FLAGS);
    const transit = TRANSIT_TO[next]!;
    return stages.may(transit)
      ? undefined
      : refuseFault(LoginFault.STAGE, stages.describe(transit));
  }

  /** Goes on to the stage that a request asks for; take() has found that there is a way. */
  transit(pdu: Pdu): void {
    this.#stages.take(TRANSIT_TO[stagesOf(pdu).next]!);
  }

  #findChange(pdu: Pdu): string | undefined {
    const header = pdu.memory.bytes.subarray(pdu.at, pdu.at + BHS_LENGTH);
    const first = this.#first ??= header.slice();
    return FIXED.find(({ at, length }) => {
      for (let index = at; index < at + length; index++) {
        if (header[index] !== first[index]) return true;
      }
      return false;
    })?.name;
  }
}

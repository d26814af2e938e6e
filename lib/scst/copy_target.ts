/** Identification descriptor target descriptors (SPC-4 6.4.6.5) and the units that they name. */
import { DeviceType } from "../scsi/device_type.ts";
import { NOTHING, Sense } from "../scsi/sense.ts";
import { CopyDescriptor, TARGET_DESCRIPTOR } from "../vdisk/third_party_copy.ts";
import { deviceIdentification } from "../vdisk/device_identification.ts";
import { CopyFault } from "./copy_fault.ts";
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";

const DESIGNATOR_MOST = 20;

/** ASSOCIATION beside DESIGNATOR TYPE; 00b is the logical unit. */
const ASSOCIATION = 0x30;

/** Offsets in the descriptor. */
const FLAGS = 1;
const CODE_SET = 4;
const DESIGNATOR_TYPE = 5;
const DESIGNATOR_LENGTH = 7;
const DESIGNATOR = 8;
const BLOCK_LENGTH = 28;

/** A target descriptor; the unit is looked for when a segment refers to it. */
export interface CopyTarget {
  /** Where it begins in the parameter list. */
  readonly at: number;
  /** Whether it stands for no device at all (NUL). */
  readonly isNull: boolean;
  readonly deviceType: number;
  /** CODE SET, ASSOCIATION and DESIGNATOR TYPE, then the designator. */
  readonly designator: Uint8Array;
  /** DISK BLOCK LENGTH in bytes; 0 when it is not given. */
  readonly blockLength: number;
}

/** Decodes the target descriptors in `list`. */
export function decodeTargets(
  list: DataView,
  at: number,
  count: number,
): CopyTarget[] | CopyFault {
  const targets: CopyTarget[] = [];
  for (let index = 0; index < count; index++) {
    const target = decodeTarget(list, at + index * TARGET_DESCRIPTOR);
    if (target instanceof CopyFault) return target;
    targets.push(target);
  }
  return targets;
}

function decodeTarget(list: DataView, at: number): CopyTarget | CopyFault {
  if (list.getUint8(at) !== CopyDescriptor.IDENTIFICATION) {
    return new CopyFault(Sense.UNSUPPORTED_TARGET_DESCRIPTOR_TYPE, at * 8 + 7);
  }
  const flags = list.getUint8(at + FLAGS); // its LU ID TYPE means nothing for this type
  const isNull = (flags & 0x20) !== 0;
  const length = list.getUint8(at + DESIGNATOR_LENGTH);
  if (!isNull && length > DESIGNATOR_MOST) return CopyFault.at(at + DESIGNATOR_LENGTH);
  const designator = new Uint8Array(2 + Math.min(length, DESIGNATOR_MOST));
  designator[0] = list.getUint8(at + CODE_SET) & 0x0f;
  designator[1] = list.getUint8(at + DESIGNATOR_TYPE) & 0x3f;
  for (let byte = 2; byte < designator.length; byte++) {
    designator[byte] = list.getUint8(at + DESIGNATOR + byte - 2);
  }
  const blockLength = list.getUint32(at + BLOCK_LENGTH) & 0xffffff;
  return { at, isNull, deviceType: flags & 0x1f, designator, blockLength };
}

/**
 * Finds the unit that a descriptor names: among those that the asking nexus may touch itself, and
 * nowhere else (CVE-2020-28374). That there is one of others stays unknown.
 */
export function unitOf(nexus: Nexus, target: CopyTarget): LogicalUnit | CopyFault {
  if (target.isNull) return new CopyFault(Sense.UNREACHABLE_COPY_TARGET, NOTHING);
  for (const unit of nexus.units.values()) {
    if (!isNamed(nexus, unit, target.designator)) continue;
    if (target.deviceType !== DeviceType.DISK || unit.disk.settings.type !== DeviceType.DISK) {
      return new CopyFault(Sense.INCORRECT_COPY_TARGET_TYPE, NOTHING);
    }
    if (target.blockLength !== 0 && target.blockLength !== unit.disk.blockSize) {
      return CopyFault.at(target.at + BLOCK_LENGTH + 1);
    }
    return unit;
  }
  return new CopyFault(Sense.COPY_TARGET_NOT_REACHABLE, NOTHING);
}

/** Whether VPD page 83h has the designator for the unit: those of the port are those of all its units. */
function isNamed(nexus: Nexus, unit: LogicalUnit, designator: Uint8Array): boolean {
  if ((designator[1]! & ASSOCIATION) !== 0) return false;
  const page = deviceIdentification(unit.disk, nexus.target.port);
  for (let at = 4; at < page.length; at += 4 + page[at + 3]!) {
    if (
      (page[at]! & 0x0f) === designator[0] && (page[at + 1]! & 0x3f) === designator[1] &&
      page[at + 3] === designator.length - 2 &&
      page.subarray(at + 4, at + 4 + page[at + 3]!).every((byte, index) =>
        byte === designator[2 + index]
      )
    ) return true;
  }
  return false;
}

/** The size of devices, in bytes and in MiB: who has it, and who may change it, is a matter of the handler. */
import { number } from "../config/c_text.ts";
import { type DeviceModel, type HandlerName, NULL_SIZE } from "../scst/model.ts";
import type { DeviceView } from "./engine.ts";
import { valueText } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError } from "./tree.ts";
import { type DeviceMode, type DeviceRow, NONE } from "./device_row.ts";

/** Bytes in a MiB. */
const MIB = 2 ** 20;

function sized(device: DeviceModel, size: number): DeviceModel {
  if (size > 0 && size % device.blocksize === 0 && Number.isSafeInteger(size)) {
    return { ...device, size };
  }
  const what = `must be a multiple of the blocksize of ${device.blocksize} bytes, and not 0`;
  throw new TreeError("EINVAL", `The size ${what}: current value is ${size} bytes`);
}

/**
 * The size of the devices of a handler, in bytes and in MiB. SCST marks it always; one that is found is
 * not marked here, nor saved, so that a file that has grown is noticed also after the next start.
 */
function sizeRows(
  handler: HandlerName,
  mode: DeviceMode,
  { unsaid, isMarked = ({ size }) => size !== undefined }: {
    /** Bytes that it has where nothing is said. */
    readonly unsaid: (now: DeviceView | undefined) => number;
    readonly isMarked?: (device: DeviceModel) => boolean;
  },
): DeviceRow[] {
  const creates = handler === "vcdrom" ? NONE : [handler];
  const bytes = ({ size }: DeviceModel, now: DeviceView | undefined) => size ?? unsaid(now);
  return [
    {
      name: "size",
      mode,
      handlers: [handler],
      creates,
      isLive: true,
      text: (device, now) => valueText(bytes(device, now), isMarked(device)),
      set: (device, text) => sized(device, valueBy(number(1, Infinity), "size", trimmed(text))),
    },
    {
      name: "size_mb",
      mode,
      handlers: [handler],
      creates: handler === "vdisk_nullio" || handler === "vdisk_ram" ? creates : NONE,
      alsoCreates: creates,
      isLive: true,
      text: (device, now) => valueText(Math.floor(bytes(device, now) / MIB), false),
      set: (device, text) =>
        sized(device, valueBy(number(1, 2 ** 33), "size_mb", trimmed(text)) * MIB),
    },
  ];
}

const found = (now: DeviceView | undefined) => now?.size ?? 0;

export const SIZES: readonly DeviceRow[] = [
  ...sizeRows("vdisk_fileio", 0o444, { unsaid: found }),
  ...sizeRows("vdisk_blockio", 0o644, { unsaid: found }),
  ...sizeRows("vdisk_nullio", 0o644, {
    unsaid: () => NULL_SIZE,
    isMarked: ({ size = NULL_SIZE }) => size !== NULL_SIZE,
  }),
  ...sizeRows("vdisk_ram", 0o444, { unsaid: found }),
  ...sizeRows("vcdrom", 0o444, { unsaid: found, isMarked: () => true }),
];

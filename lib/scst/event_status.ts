/** GET EVENT STATUS NOTIFICATION (MMC-6), polled: each nexus hears of every event once. */
import type { LogicalUnit } from "./logical_unit.ts";
import type { Nexus } from "./nexus.ts";
import type { CoreCommand } from "./operation.ts";

const POLLED = 0x01;

/** No event available: none of the requested classes is known here. */
const NEA = 0x80;
const HEADER_LENGTH = 4;

const PERSISTENT_PREVENTED = 0x80;
const CHANGE_OCCURRED = 2;
const FEATURE_CHANGE = 0x0001;
const ACTIVE = 1;
const DOOR_OPEN = 0x01;
const MEDIA_PRESENT = 0x02;

/** One class of events: its number, which is the bit that requests it, and the four bytes of its descriptor. */
interface EventClass {
  readonly number: number;
  hasEvent(unit: LogicalUnit): boolean;
  describe(unit: LogicalUnit): number[];
  clear(unit: LogicalUnit): void;
}

const never = () => false;
const nothing = () => {};

/** The classes, by falling priority. */
const CLASSES: readonly EventClass[] = [
  {
    number: 1, // operational change
    hasEvent: ({ events }) => events.featuresChanged,
    describe: ({ events, disk }) => [
      events.featuresChanged ? CHANGE_OCCURRED : 0,
      disk.tray.persistentPreventers.size > 0 ? PERSISTENT_PREVENTED : 0,
      0,
      events.featuresChanged ? FEATURE_CHANGE : 0,
    ],
    clear: ({ events }) => events.clearFeatures(),
  },
  // Power management: there is no other power state.
  { number: 2, hasEvent: never, describe: () => [0, ACTIVE, 0, 0], clear: nothing },
  {
    number: 4, // media
    hasEvent: ({ events }) => events.media !== 0,
    describe: ({ events, disk }) => [
      events.media,
      (disk.tray.isOpen ? DOOR_OPEN : 0) | (disk.hasMedium ? MEDIA_PRESENT : 0),
      0,
      0,
    ],
    clear: ({ events }) => events.clearMedia(),
  },
  // Device busy: it is never.
  { number: 6, hasEvent: never, describe: () => [0, 0, 0, 0], clear: nothing },
];

const SUPPORTED = CLASSES.reduce((bits, { number }) => bits | 1 << number, 0);

/** Executes GET EVENT STATUS NOTIFICATION. */
export function getEventStatus(_nexus: Nexus, command: CoreCommand): void {
  const unit = command.unit!;
  if ((command.cdb[1]! & POLLED) === 0) return command.failField(1, 0); // nothing is asynchronous
  const requested = CLASSES.filter(({ number }) => (command.cdb[4]! >> number & 1) !== 0);
  const chosen = requested.find((candidate) => candidate.hasEvent(unit)) ?? requested[0];
  if (chosen === undefined) return command.respond(Uint8Array.of(0, 2, NEA, SUPPORTED));
  const descriptor = chosen.describe(unit);
  // With no more than the header an initiator looks what there is, and takes nothing away.
  if (command.allocationLength > HEADER_LENGTH) chosen.clear(unit);
  command.respond(Uint8Array.of(0, 2 + descriptor.length, chosen.number, SUPPORTED, ...descriptor));
}

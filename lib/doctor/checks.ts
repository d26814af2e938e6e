/** All that is looked at, in the order in which it is told. */
import { lookAtDevices, lookAtStateDir } from "./files.ts";
import type { Check } from "./finding.ts";
import {
  lookAtClock,
  lookAtDescriptors,
  lookAtDigests,
  lookAtFuse,
  lookAtMemory,
  lookAtSystem,
  lookAtUser,
} from "./machine.ts";
import { lookAtService } from "./service.ts";
import { lookAtAccess, lookAtFirewall, lookAtPortals } from "./network.ts";

export const CHECKS: readonly Check[] = [
  { name: "system", look: lookAtSystem },
  { name: "user", look: lookAtUser },
  { name: "open files", look: lookAtDescriptors },
  { name: "memory", look: lookAtMemory },
  { name: "clock", look: lookAtClock },
  { name: "digests", look: lookAtDigests },
  { name: "fuse", look: lookAtFuse },
  { name: "state", look: lookAtStateDir },
  { name: "devices", look: lookAtDevices },
  { name: "service", look: lookAtService },
  { name: "portals", look: lookAtPortals },
  { name: "firewall", look: lookAtFirewall },
  { name: "access", look: lookAtAccess },
];

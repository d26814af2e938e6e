/** What the target GUARDED_TARGET of login_text.ts wants. */
import { TARGET_DEFAULTS, type TargetAttributes } from "../../lib/scst/model.ts";

/** A target that lets few in, and wants its sessions otherwise than they would be. */
export const GUARDED: TargetAttributes = {
  ...TARGET_DEFAULTS,
  allowedPortals: ["127.*"],
  maxSessions: 2,
  queuedCommands: 3,
  rspTimeout: 15,
  immediateData: false,
  maxRecvDataSegmentLength: 4096,
  maxXmitDataSegmentLength: 1000,
  maxBurstLength: 2048,
  firstBurstLength: 600,
};

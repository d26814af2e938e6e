/** A session as a server tells of it, for administrations without a server. */
import type { SessionView } from "../../lib/admin/engine.ts";

export function sessionView(initiator: string, target: string, group?: string): SessionView {
  const zero = { count: 0, bytes: 0, unaligned: 0 };
  return {
    sid: initiator,
    target,
    initiator,
    group,
    user: undefined,
    parameters: {
      initialR2T: false,
      immediateData: true,
      maxRecvDataSegmentLength: 1048576,
      maxXmitDataSegmentLength: 262144,
      maxBurstLength: 262144,
      firstBurstLength: 65536,
      maxOutstandingR2T: 1,
      headerDigest: true,
      dataDigest: false,
    },
    commands: 2,
    activeCommands: 1,
    counters: {
      none: zero,
      unknown: zero,
      bidi: zero,
      write: zero,
      read: { count: 3, bytes: 12288, unaligned: 1 },
    },
    connections: [{
      cid: 0,
      initiatorIp: "10.0.0.7",
      initiatorPort: 40000,
      targetIp: "10.0.0.1",
      targetPort: 3260,
      state: "established",
    }],
    luns: [{ lun: 0, activeCommands: 1 }],
  };
}

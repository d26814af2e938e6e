/** What the guest's kernel says of a target. */
import type { Guest } from "./guest.ts";

const WARNING = 4;

/** Complaints that the kernel makes in passing, at the level of a notice. */
const COMPLAINT = /\b(abort|add\. sense|bad|error|fail|invalid|malformed|sense key|unsupported)/i;

/** What the initiator says of a connection that the other end closed, as after a refused login. */
export const CONNECTION_CLOSED = /^ connection\d+:0: detected conn error \(1020\)$/;

/**
 * Linux warns once of itself when a session ends: the iSCSI transport's work queue waits for that
 * of the power management.
 */
const OWN_WARNING =
  /.*-\[ cut here \]-.*\n.*workqueue: WQ_MEM_RECLAIM iscsi_ctrl_[^]*?-\[ end trace \w+ \]-.*\n/g;

/** The unit attention of every new I_T nexus (SAM-5 5.14): the kernel names it as a warning. */
const NEW_NEXUS = /Power-on or device reset occurred$/;

/**
 * The warnings and complaints since the last call, or since the boot, without their times.
 *
 * @param expected lines that belong to the test
 */
export async function kernelComplaints(
  guest: Guest,
  expected: readonly RegExp[] = [],
): Promise<string[]> {
  const complaints: string[] = [];
  const log = (await guest.output("dmesg -r -c")).replaceAll(OWN_WARNING, "");
  for (const line of log.split("\n")) {
    const [, priority, text] = /^<(\d+)>\[[^\]]*\] (.*)$/.exec(line) ?? [];
    if (priority === undefined || text === undefined) continue;
    const isComplaint = (Number(priority) & 7) <= WARNING || COMPLAINT.test(text);
    const isExpected = [NEW_NEXUS, ...expected].some((pattern) => pattern.test(text));
    if (isComplaint && !isExpected) complaints.push(text);
  }
  return complaints;
}

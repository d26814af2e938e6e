/** Reasons of a Reject PDU (RFC 7143 11.17.1). */

export const RejectReason = {
  DATA_DIGEST_ERROR: 0x02,
  SNACK_REJECT: 0x03,
  PROTOCOL_ERROR: 0x04,
  COMMAND_NOT_SUPPORTED: 0x05,
  IMMEDIATE_COMMAND_REJECT: 0x06,
  TASK_IN_PROGRESS: 0x07,
  INVALID_PDU_FIELD: 0x09,
} as const;
export type RejectReason = typeof RejectReason[keyof typeof RejectReason];

const names = new Map<number, string>(
  Object.entries(RejectReason).map(([name, reason]) => [reason, name]),
);

/** The name of a reason with its number, for a log line. */
export function nameOfRejectReason(reason: RejectReason): string {
  return `${names.get(reason)} (0x${reason.toString(16).padStart(2, "0")})`;
}

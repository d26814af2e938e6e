/** What an iSNSP message asks for or answers (RFC 4171 5.3), and how it went (5.4). */

export const FunctionId = {
  DevAttrReg: 0x0001,
  DevAttrQry: 0x0002,
  DevDereg: 0x0004,
  SCNReg: 0x0005,
  SCNDereg: 0x0006,
  SCN: 0x0008,
  ESI: 0x000d,
} as const;
export type RequestId = typeof FunctionId[keyof typeof FunctionId];

/** Set in the function ID of a response. */
export const RESPONSE = 0x8000;

const functionNames = new Map<number, string>(
  Object.entries(FunctionId).map(([name, id]) => [id, name]),
);

/** The RFC's name of a function with its number, for a log line. */
export function nameOfFunction(id: number): string {
  const hex = id.toString(16).padStart(4, "0");
  const name = functionNames.get(id & ~RESPONSE);
  if (name === undefined) return `function ${hex}`;
  return `${name}${(id & RESPONSE) === 0 ? "" : "Rsp"} (${hex})`;
}

export const IsnsStatus = {
  SUCCESSFUL: 0,
  UNKNOWN_ERROR: 1,
  MESSAGE_FORMAT_ERROR: 2,
  INVALID_REGISTRATION: 3,
  INVALID_QUERY: 5,
  SOURCE_UNKNOWN: 6,
  SOURCE_ABSENT: 7,
  SOURCE_UNAUTHORIZED: 8,
  NO_SUCH_ENTRY: 9,
  VERSION_NOT_SUPPORTED: 10,
  INTERNAL_ERROR: 11,
  BUSY: 12,
  OPTION_NOT_UNDERSTOOD: 13,
  INVALID_UPDATE: 14,
  MESSAGE_NOT_SUPPORTED: 15,
  SCN_EVENT_REJECTED: 16,
  SCN_REGISTRATION_REJECTED: 17,
  ATTRIBUTE_NOT_IMPLEMENTED: 18,
  FC_DOMAIN_ID_NOT_AVAILABLE: 19,
  FC_DOMAIN_ID_NOT_ALLOCATED: 20,
  ESI_NOT_AVAILABLE: 21,
  INVALID_DEREGISTRATION: 22,
  REGISTRATION_FEATURE_NOT_SUPPORTED: 23,
} as const;

const statusNames = new Map<number, string>(
  Object.entries(IsnsStatus).map(([name, status]) => [status, name]),
);

/** The RFC's name of a status with its number, for a log line. */
export function nameOfStatus(status: number): string {
  return `${statusNames.get(status) ?? "status"} (${status})`;
}

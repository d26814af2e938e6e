/**
 * What an initiator can do wrong, and what comes of it at ErrorRecoveryLevel 0. The code asks here,
 * docs/iscsi-errors.md prints these tables, and a test makes every row happen.
 */
import { Sense } from "../scsi/sense.ts";
import { LoginStatus } from "./login_status.ts";
import { RejectReason } from "./reject_reason.ts";

interface Fault {
  /** What the initiator has done, in the words of the log. */
  readonly says: string;
  /** Where RFC 7143 has it. */
  readonly section: string;
}

/** A PDU in the full feature phase that is answered with a Reject. */
export interface RequestFault extends Fault {
  readonly reason: RejectReason;
  /** Whether the connection ends as well. */
  readonly ends: boolean;
}

/** A fault in the login, which is refused. */
export interface LoginFault extends Fault {
  readonly status: number;
}

/** A command that ends with CHECK CONDITION, and changes nothing. */
export interface CommandFault extends Fault {
  readonly sense: number;
}

/** Faults after which the connection is dropped without a word. */
export const ConnectionFault = {
  NO_LOGIN: { says: "the first PDU is no Login Request", section: "6.3" },
  HEADER_DIGEST: { says: "wrong header digest", section: "7.8" },
  LONG_LOGIN: { says: "a Login Request with more data than may be", section: "13.12" },
  MISSING: {
    says: "a request with a wrong data digest did not come again",
    section: "7.8",
  },
  SILENCE: { says: "silent beyond NopInInterval and NopInTimeout", section: "11.19" },
  NO_DATA: { says: "no data within RspTimeout", section: "7.5" },
} as const satisfies Record<string, Fault>;

const { PROTOCOL_ERROR, INVALID_PDU_FIELD } = RejectReason;

/** A fault that the session survives, and one that it does not. */
function rejected(reason: RejectReason, section: string, says: string): RequestFault {
  return { says, section, reason, ends: false };
}

function fatal(reason: RejectReason, section: string, says: string): RequestFault {
  return { says, section, reason, ends: true };
}

export const RequestFault = {
  OPCODE: rejected(RejectReason.COMMAND_NOT_SUPPORTED, "11.2.1.2", "no request of an initiator"),
  LOGIN: fatal(PROTOCOL_ERROR, "8.1", "a login within the session"),
  LONG_SEGMENT: fatal(PROTOCOL_ERROR, "13.12", "more data than MaxRecvDataSegmentLength"),
  DATA_DIGEST: rejected(RejectReason.DATA_DIGEST_ERROR, "7.8", "wrong data digest"),
  SNACK: rejected(RejectReason.SNACK_REJECT, "11.16", "there are no SNACKs at this level"),
  NOT_IN_DISCOVERY: rejected(PROTOCOL_ERROR, "4.3", "not in a discovery session"),
  RESERVED_TASK_TAG: rejected(INVALID_PDU_FIELD, "11.2.1.8", "the reserved initiator task tag"),
  TASK_TAG_IN_USE: rejected(
    RejectReason.TASK_IN_PROGRESS,
    "11.2.1.8",
    "the initiator task tag is in use",
  ),
  TOO_MANY_IMMEDIATE: rejected(
    RejectReason.IMMEDIATE_COMMAND_REJECT,
    "4.2.2.1",
    "too many commands for immediate delivery",
  ),
  NEITHER_F_NOR_W: rejected(
    INVALID_PDU_FIELD,
    "11.3.1",
    "data to come (no F bit), but none is written (no W bit)",
  ),
  AHS: rejected(INVALID_PDU_FIELD, "11.2.2", "an additional header segment that is none"),
  EARLY_UNSOLICITED: fatal(
    PROTOCOL_ERROR,
    "4.2.2.1",
    "a command with unsolicited data before its turn",
  ),
  EARLY_TOO_MUCH: fatal(
    PROTOCOL_ERROR,
    "4.2.2.1",
    "too much waits for a request that did not come",
  ),
  TEXT_FLAGS: rejected(INVALID_PDU_FIELD, "11.10.2", "both the F and the C bit"),
  TEXT_TAG: rejected(INVALID_PDU_FIELD, "11.10.3", "the tags are not those of the exchange"),
  TEXT_LENGTH: rejected(PROTOCOL_ERROR, "11.10", "too much text"),
  TEXT_FORM: rejected(PROTOCOL_ERROR, "6.1", "the text cannot be read"),
  LOGOUT_REASON: rejected(INVALID_PDU_FIELD, "11.14.1", "a logout for an unknown reason"),
} as const;

export const CommandFault = {
  UNSOLICITED_DATA: {
    says: "data refused: it was not asked for",
    section: "11.4.7.2",
    sense: Sense.UNEXPECTED_UNSOLICITED_DATA,
  },
  DATA_SEQUENCE: {
    says: "data refused: it does not come as agreed",
    section: "7.9",
    sense: Sense.PROTOCOL_SERVICE_CRC_ERROR,
  },
  DATA_DIGEST: {
    says: "data refused: wrong data digest",
    section: "7.8",
    sense: Sense.PROTOCOL_SERVICE_CRC_ERROR,
  },
  BIDIRECTIONAL: {
    says: "both the R and the W bit: there are no bidirectional commands",
    section: "11.3.1",
    sense: Sense.INVALID_FIELD_IN_CDB,
  },
} as const satisfies Record<string, CommandFault>;

function refused(status: number, section: string, says: string): LoginFault {
  return { says, section, status };
}

const { INITIATOR_ERROR, AUTHENTICATION_FAILURE, MISSING_PARAMETER, OUT_OF_RESOURCES } =
  LoginStatus;

export const LoginFault = {
  REQUEST: refused(LoginStatus.INVALID_DURING_LOGIN, "6.3", "a request during the login"),
  VERSION: refused(LoginStatus.UNSUPPORTED_VERSION, "11.12.4", "a version that is not supported"),
  STAGE: refused(INITIATOR_ERROR, "11.12.3", "a stage out of its order"),
  FLAGS: refused(INITIATOR_ERROR, "11.12.2", "both the T and the C bit"),
  CHANGED_FIELD: refused(INITIATOR_ERROR, "6.3", "a field is not what it was in the first request"),
  TOO_MANY_REQUESTS: refused(OUT_OF_RESOURCES, "6.3", "too many Login Requests"),
  TOO_MUCH_TEXT: refused(OUT_OF_RESOURCES, "6.3", "too much text"),
  TEXT_FORM: refused(INITIATOR_ERROR, "6.1", "the text cannot be read"),
  REPEATED_KEY: refused(INITIATOR_ERROR, "6.3", "a key came twice"),
  SILENT_KEY: refused(INITIATOR_ERROR, "6.2", "no answer to an offer of the target"),
  NO_INITIATOR_NAME: refused(MISSING_PARAMETER, "13.5", "InitiatorName is missing"),
  INITIATOR_NAME: refused(INITIATOR_ERROR, "4.2.7.2", "an InitiatorName that is none"),
  NO_TARGET_NAME: refused(MISSING_PARAMETER, "13.4", "TargetName is missing"),
  TARGET_NAME: refused(LoginStatus.NOT_FOUND, "11.13.5", "there is no such target"),
  SESSION_TYPE: refused(
    LoginStatus.SESSION_TYPE_NOT_SUPPORTED,
    "13.21",
    "a SessionType that is neither Normal nor Discovery",
  ),
  LATE_KEY: refused(INITIATOR_ERROR, "6.3", "a key that belongs into the first request"),
  SESSION: refused(LoginStatus.SESSION_DOES_NOT_EXIST, "6.3.1", "no such session"),
  SECOND_CONNECTION: refused(
    LoginStatus.TOO_MANY_CONNECTIONS,
    "13.2",
    "a second connection of a session",
  ),
  OPERATIONAL_KEY: refused(INITIATOR_ERROR, "12", "an operational key in the security stage"),
  SECURITY_KEY: refused(INITIATOR_ERROR, "12", "a key of the security stage outside of it"),
  SECURITY_ORDER: refused(INITIATOR_ERROR, "12.1", "the security stage out of its order"),
  AUTHENTICATION: refused(AUTHENTICATION_FAILURE, "12.1", "the authentication failed"),
  SEGMENT_LENGTH: refused(
    INITIATOR_ERROR,
    "13.12",
    "a MaxRecvDataSegmentLength that is not allowed",
  ),
  DIGEST: refused(
    INITIATOR_ERROR,
    "13.1",
    "the digests that the target insists on are not offered",
  ),
} as const;

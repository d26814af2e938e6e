/**
 * The rules for names: devices as in SCST, targets as in RFC 7143. What stands between the words of a
 * command of SCST's tree, blanks and "=", is in none of them.
 */

const PLAIN_NAME_ALLOWED =
  'a name of 1 to 64 printable ASCII characters without blanks, "/", "." and "="';

function isPlainName(text: string): boolean {
  return /^[!-~]{1,64}$/.test(text) && !/[/.=]/.test(text);
}

/** What isDeviceName() takes, in the words of an error message. */
export const DEVICE_NAME_ALLOWED = `${PLAIN_NAME_ALLOWED}, and not mgmt, type or trace_level`;

/** Whether `text` can be the name of a device: in SCST's tree it stands beside the files of its handler. */
export function isDeviceName(text: string): boolean {
  return isPlainName(text) && !["mgmt", "type", "trace_level"].includes(text);
}

/** What isDeviceGroupName() takes, in the words of an error message. */
export const DEVICE_GROUP_NAME_ALLOWED = `${PLAIN_NAME_ALLOWED}, and not mgmt`;

/** Whether `text` can be the name of a device group or of a target group: it stands beside `mgmt`. */
export function isDeviceGroupName(text: string): boolean {
  return isPlainName(text) && text !== "mgmt";
}

/** What isMemberName() takes, in the words of an error message. */
export const MEMBER_NAME_ALLOWED =
  'a name of 1 to 223 printable ASCII characters without blanks, "/" and "=", and not mgmt, group_id, ' +
  "preferred or state";

/**
 * Whether `text` can be the name of a target in a target group, also of one of another node, which
 * another driver may serve: it stands beside the files of the group.
 */
export function isMemberName(text: string): boolean {
  const files = [".", "..", "mgmt", "group_id", "preferred", "state"];
  return /^[!-.0-<>-~]{1,223}$/.test(text) && !files.includes(text);
}

/** What isIscsiName() takes, in the words of an error message. */
export const ISCSI_NAME_ALLOWED =
  "an iSCSI name in lower case of at most 223 characters: iqn.YYYY-MM.REVERSED.DOMAIN[:ANYTHING], " +
  "eui. and 16 hex digits, or naa. and 16 or 32 hex digits";

/** RFC 7143 4.2.7.1. */
const MAX_ISCSI_NAME = 223;

/**
 * The three formats of RFC 7143 4.2.7.3 to 4.2.7.6. Names are compared byte by byte after
 * stringprep, which maps them to lower case; of what it leaves, only the ASCII part is taken.
 */
const ISCSI_NAMES = [
  /^iqn\.\d{4}-(?:0[1-9]|1[0-2])(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::[a-z0-9.:-]+)?$/,
  /^eui\.[0-9a-f]{16}$/,
  /^naa\.(?:[0-9a-f]{16}|[0-9a-f]{32})$/,
];

/** Whether `text` is a valid iSCSI name in its normal form. */
export function isIscsiName(text: string): boolean {
  return text.length <= MAX_ISCSI_NAME && ISCSI_NAMES.some((format) => format.test(text));
}

/** What may have been meant by `text`, which isIscsiName() refused. */
export function iscsiNameHint(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower !== text && isIscsiName(lower)) return `write ${lower}`;
  const bad = /[^a-z0-9.:-]/.exec(lower)?.[0];
  if (bad === "_") return 'an iSCSI name has no "_", write "-"';
  const month = /^iqn\.\d{4}-(\d+)\./.exec(lower)?.[1];
  if (month && !/^(?:0[1-9]|1[0-2])$/.test(month)) return "the month is 01 to 12";
  return undefined;
}

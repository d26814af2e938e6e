/** InitiatorName, as it is taken and compared. */

/**
 * An iSCSI name as it is accepted from an initiator: more than RFC 7143 4.2.7.2 allows, because
 * initiators with an underscore in their names are about. But its session has a directory of that
 * name, where who administers finds and closes it.
 */
const NAME = /^(?!\.{1,2}$)[!-.0-~]{1,223}$/;

/** What normalName() takes. */
export const NAME_ALLOWED =
  '1 to 223 printable characters without blanks and "/", and not be "." or ".."';

/** The name in lower case, as names are compared (RFC 7143 4.2.7.2); undefined if it is none. */
export function normalName(text: string): string | undefined {
  return NAME.test(text) ? text.toLowerCase() : undefined;
}

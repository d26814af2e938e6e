/**
 * The one form in which the log tells of a mistake of this program: what begins with BUG, of priority
 * `error`. Fields of the line (`initiator=...`) come behind it.
 */

/** How each of those lines begins. */
export const BUG = "bug in scst, please report it (docs/security.md)";

/** What a caller is told whose request has met one; the log has the rest. */
export const BUG_MET = "There is a bug in scst, and the log tells of it";

/** The line for an exception that nobody expected, or for a sentence; `where` says in what. */
export function bugLine(what: unknown, where?: string): string {
  const place = where === undefined ? "" : `${where}: `;
  return `${BUG}: ${place}${detailOf(what)}`;
}

/** All that there is to know of it: where it was thrown, else what it says. */
function detailOf(what: unknown): string {
  return what instanceof Error ? what.stack ?? what.message : String(what);
}

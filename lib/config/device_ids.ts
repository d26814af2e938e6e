/** How the identities of a device are written, in the configuration and in the state directory. */

/** What parseNaaId() takes, in the words of an error message. */
export const NAA_ID_ALLOWED = "32 hex digits of which the first is 6, with or without 0x";

/**
 * The NAA IEEE Registered Extended designator that `text` stands for (SPC-4 7.8.6.6.5), as 32
 * lower-case hex digits, or undefined.
 */
export function parseNaaId(text: string): string | undefined {
  return /^(?:0x)?(6[0-9a-f]{31})$/i.exec(text)?.[1]?.toLowerCase();
}

/** What isUsn() takes, in the words of an error message. */
export const USN_ALLOWED = "1 to 20 printable ASCII characters without a blank at either end";

/** Whether `text` can be a unit serial number (SPC-4 7.8.15); initiators cut blanks off its ends. */
export function isUsn(text: string): boolean {
  return /^[!-~](?:[ -~]{0,18}[!-~])?$/.test(text);
}

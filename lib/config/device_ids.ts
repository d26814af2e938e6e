/** How the identities of a device are written, in the configuration and in the state directory. */

import type { ScalarRule } from "./attribute.ts";

/** The hex digits of a designator, in lower case, `0x` before them or not. */
function designator(form: RegExp, allowed: string): ScalarRule<string> {
  return {
    allowed: `${allowed}, with or without 0x`,
    parse: ({ text }) => {
      const digits = text.toLowerCase().replace(/^0x/, "");
      return form.test(digits) ? digits : undefined;
    },
  };
}

/** NAA designators (SPC-4 7.8.6.6): locally assigned, IEEE Extended, Registered, Registered Extended. */
export const NAA_ID = designator(
  /^(?:[235][0-9a-f]{15}|6[0-9a-f]{31})$/,
  "32 hex digits of which the first is 6, or 16 of which the first is 2, 3 or 5",
);

/** EUI-64 based designators (SPC-4 7.8.6.5). */
export const EUI64_ID = designator(
  /^(?:[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{32})$/,
  "16, 24 or 32 hex digits",
);

/** The characters that a unit serial number has room for. */
export const USN_MOST = 20;

/** What isUsn() takes, in the words of an error message. */
const USN_ALLOWED = `1 to ${USN_MOST} printable ASCII characters without a blank at either end`;

/** Whether `text` can be a unit serial number (SPC-4 7.8.15); initiators cut blanks off its ends. */
export function isUsn(text: string): boolean {
  return /^[!-~](?:[ -~]*[!-~])?$/.test(text) && text.length <= USN_MOST;
}

export const USN: ScalarRule<string> = {
  allowed: USN_ALLOWED,
  parse: ({ text }) => isUsn(text) ? text : undefined,
};

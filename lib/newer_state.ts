/** State of a later version of the program, which an older one must not take for damaged, or for none. */

/** What is wrong with a file that is of the format `found`, where `known` is the newest that is known here. */
export function newerState(found: number | string, known: number): string {
  return `a newer scst wrote it (format ${found}; this one knows ${known})`;
}

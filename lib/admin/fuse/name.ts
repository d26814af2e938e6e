/** What can be a name in a directory. */

/** Bytes of the longest name (NAME_MAX). */
export const LONGEST_NAME = 255;

/** Whether the kernel takes `name` in a listing; it would drop the whole listing for one that it does not. */
export function isName(name: string): boolean {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) return false;
  return name.length <= LONGEST_NAME && new TextEncoder().encode(name).length <= LONGEST_NAME;
}

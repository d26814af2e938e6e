/** Telling whether two paths lead to one file. */

/**
 * A text that is equal for two paths of one file, be it through symbolic or hard links. Where the
 * file cannot be looked at, only paths that are spelled alike are equal.
 */
export function fileIdentity(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    if (ino !== null) return `${dev}:${ino}`;
  } catch {
    // A missing or unreadable file is told, in its own words, when the device is opened.
  }
  return path.replaceAll(/\/(?:\.?\/)+/g, "/");
}

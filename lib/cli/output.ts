/** What a verb answers on standard output; everything else goes to the log. */

/** Writes `text` and a line break. A reader that has gone away does not stop a server. */
export function print(text: string): void {
  printRaw(`${text}\n`);
}

/** Writes `text` as it is. */
export function printRaw(text: string): void {
  printAll(text);
}

/** The same with a line break; false when the reader has gone away: then nobody wants the rest. */
export function printIfRead(text: string): boolean {
  return printAll(`${text}\n`);
}

function printAll(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
  return true;
}

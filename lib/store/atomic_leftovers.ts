/** Atomic writes that were interrupted and that nobody finishes: their medium has no device now. */
import { readRecord } from "./atomic_record.ts";

/** What a journal is called (AtomicJournal.path). */
const JOURNAL = /^[0-9a-f]{64}$/;

/** A sentence for every record among the journals in `directory` that is in none of `opened`. */
export function leftoverRecords(directory: string, opened: ReadonlySet<string>): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .map(({ name }) => name)
      .filter((name) => JOURNAL.test(name) && !opened.has(`${directory}/${name}`))
      .flatMap((name) => sentenceAbout(`${directory}/${name}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    return [`Cannot read ${directory}: ${messageOf(error)}`];
  }
}

function sentenceAbout(path: string): string[] {
  try {
    const record = readRecord(path);
    if (record === undefined || record.pieces.length === 0) return [];
    const what = `an interrupted WRITE ATOMIC of '${record.name}' is not finished`;
    return [`${what}: no device has that medium now; it is kept in ${path}`];
  } catch (error) {
    return [messageOf(error)];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

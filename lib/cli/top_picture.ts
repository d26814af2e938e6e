/** What `scst top` shows at one time. */
import type { ServerActivity } from "../metrics/activity.ts";
import type { Feed } from "../metrics/feed.ts";
import { headLines, liveTable } from "./activity_text.ts";
import type { TerminalSize } from "./screen.ts";

/** Lines about LUNs in a picture that goes to no terminal. */
const MOST_ROWS = 20;

/** Lines that fit into a terminal of that size; where there is none, as long as they are. */
export function topPicture(now: Feed, activity: ServerActivity, size?: TerminalSize): string[] {
  const head = headLines(now, activity);
  const { luns } = activity;
  const lines = size === undefined ? head : head.flatMap((line) => wrapped(line, size.columns));
  // Behind an empty line and the headings, and before the line that says how many there are still.
  const room = size === undefined ? MOST_ROWS : Math.max(0, size.rows - lines.length - 2);
  const shown = luns.slice(0, luns.length > room ? Math.max(0, room - 1) : room);
  const table = luns.length === 0 ? [] : liveTable(shown, size?.columns).split("\n");
  const left = luns.length - shown.length;
  const more = left === 0 ? [] : [`... and ${left} more: scst stat`];
  return [...lines, "", ...table, ...more];
}

const COMMAS = /(?<=, )/;
const BLANKS = /(?<= )/;

/** A sentence as lines of at most so many characters, if its words are not longer. */
export function wrappedSentence(sentence: string, width: number): string[] {
  return wrapped(sentence, width, BLANKS);
}

/** A list in the same way, where what stands between its commas stays together. */
function wrapped(line: string, width: number, places = COMMAS): string[] {
  const lines: string[] = [];
  let last = "";
  for (const part of line.split(places)) {
    if (last !== "" && (last + part).trimEnd().length > width) {
      lines.push(last.trimEnd());
      last = "  ";
    }
    last += part;
  }
  return [...lines, last];
}

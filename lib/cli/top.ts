/** `scst top`: what goes on in a running server, live. */
import { activityBetween } from "../metrics/activity.ts";
import { activityTable, headLines } from "./activity_text.ts";
import { connectTree } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode } from "./failure.ts";
import { printIfRead } from "./output.ts";
import { Screen } from "./screen.ts";
import type { Verb, VerbInput } from "./verb.ts";
import { countOf, INTERVAL_OPTION, intervalOf, look, pause } from "./watching.ts";

/** Rows of a picture that goes to no terminal. */
const MOST_ROWS = 20;

async function top(input: VerbInput): Promise<ExitCode> {
  const [interval, count] = [intervalOf(input.options), countOf(input.options)];
  const client = connectTree(input);
  let before = await look(client);
  using screen = Screen.isThere ? new Screen() : undefined;
  for (let looks = 0; looks < count; looks++) {
    await pause(interval, screen?.ending);
    if (screen?.ending.aborted === true) break;
    const now = await look(client);
    const activity = activityBetween(before, now);
    before = now;
    const luns = screen === undefined ? activity.luns.slice(0, MOST_ROWS) : activity.luns;
    const table = luns.length === 0 ? [] : activityTable(luns, false).split("\n");
    const lines = [...headLines(now, activity), "", ...table];
    if (screen !== undefined) screen.show(lines);
    else if (!printIfRead(`${lines.join("\n")}\n`)) break;
  }
  return ExitCode.OK;
}

export const TOP: Verb = {
  name: "top",
  summary: "show what goes on in a running server, live, the busiest first; q ends it",
  arguments: [],
  options: [
    INTERVAL_OPTION,
    { name: "count", value: "NUMBER", description: "how often to look (default: until the end)" },
    SOCKET_OPTION,
  ],
  examples: ["scst top", "scst top --interval 5", "scst top --count 3 >top.txt"],
  run: top,
};

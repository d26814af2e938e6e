/** `scst stat`: what goes on in a running server, once. */
import { activityBetween } from "../metrics/activity.ts";
import { activityTable, headLines } from "./activity_text.ts";
import { connectTree } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode } from "./failure.ts";
import { print } from "./output.ts";
import type { Verb, VerbInput } from "./verb.ts";
import { INTERVAL_OPTION, intervalOf, look, pause } from "./watching.ts";

async function stat(input: VerbInput): Promise<ExitCode> {
  const interval = intervalOf(input.options);
  const client = connectTree(input);
  const before = await look(client);
  await pause(interval);
  const now = await look(client);
  const activity = activityBetween(before, now);
  if (input.options.has("json")) print(JSON.stringify(activity, null, 2));
  else {
    const table = activity.luns.length === 0 ? [] : ["", activityTable(activity.luns)];
    print([...headLines(now, activity), ...table].join("\n"));
  }
  return ExitCode.OK;
}

export const STAT: Verb = {
  name: "stat",
  summary: "print what goes on in a running server: rates and times of each LUN of each session",
  arguments: [],
  options: [
    INTERVAL_OPTION,
    { name: "json", description: "print JSON, with all there is" },
    SOCKET_OPTION,
  ],
  examples: ["scst stat", "scst stat --interval 10 --json"],
  run: stat,
};

/** `scst top`: what goes on in a running server, live. */
import { activityBetween } from "../metrics/activity.ts";
import type { Feed } from "../metrics/feed.ts";
import { connectTree, type SocketTreeClient } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode, NoServerError } from "./failure.ts";
import { printIfRead } from "./output.ts";
import { Screen } from "./screen.ts";
import { topPicture, wrappedSentence } from "./top_picture.ts";
import type { Verb, VerbInput } from "./verb.ts";
import { countOf, INTERVAL_OPTION, intervalOf, look, orEnd, pause } from "./watching.ts";

async function top(input: VerbInput): Promise<ExitCode> {
  const [interval, count] = [intervalOf(input.options), countOf(input.options)];
  const client = connectTree(input);
  let before = await look(client);
  using screen = Screen.isThere ? new Screen() : undefined;
  const ending = screen?.ending;
  let isThere = true;
  for (let looks = 0; looks < count; looks++) {
    await pause(interval, ending);
    if (ending?.aborted === true) break;
    const now = await lookAgain(client, ending);
    if (now === undefined) break;
    isThere = !(now instanceof NoServerError);
    const lines = now instanceof NoServerError
      ? goneLines(now, before, screen)
      : topPicture(now, activityBetween(before, now), screen?.size);
    if (!(now instanceof NoServerError)) before = now;
    if (screen !== undefined) screen.show(lines);
    else if (!printIfRead(`${lines.join("\n")}\n`)) break;
  }
  return isThere ? ExitCode.OK : ExitCode.NO_SERVER;
}

/** How the server is, or that it is not there: it may be started anew. Undefined at the end. */
function lookAgain(
  client: SocketTreeClient,
  ending: AbortSignal | undefined,
): Promise<Feed | NoServerError | undefined> {
  const found = look(client).catch((error) => {
    if (error instanceof NoServerError) return error;
    throw error;
  });
  return orEnd(found, ending);
}

function goneLines({ message }: Error, { at }: Feed, screen: Screen | undefined): string[] {
  const gone = Math.max(0, Math.round((Date.now() - at) / 1000));
  const lines = [`no answer for ${gone} s, asking again`, message];
  return screen === undefined
    ? [lines.join(": ")]
    : lines.flatMap((line) => wrappedSentence(line, screen.size.columns));
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
  examples: [
    "scst top",
    "scst top --interval 5",
    "scst top --count 3 >top.txt",
    "a server that goes away, as for an upgrade, is waited for",
  ],
  run: top,
};

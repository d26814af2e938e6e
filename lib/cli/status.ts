/** `scst status`: how a running server is. */
import type { ServerStatus } from "../admin/status.ts";
import { connectTree } from "./connect_tree.ts";
import { SOCKET_OPTION } from "./control_path.ts";
import { ExitCode } from "./failure.ts";
import { print } from "./output.ts";
import { terminalSize } from "./screen.ts";
import { statusText } from "./status_text.ts";
import { LOOK_LIMIT } from "./watching.ts";
import type { Verb, VerbInput } from "./verb.ts";

async function status(input: VerbInput): Promise<ExitCode> {
  const status = await connectTree(input).getJson<ServerStatus>("status", { limit: LOOK_LIMIT });
  const size = Deno.stdout.isTerminal() ? terminalSize() : undefined;
  print(input.options.has("json") ? JSON.stringify(status, null, 2) : statusText(status, size));
  return status.healthy ? ExitCode.OK : ExitCode.FAILED;
}

export const STATUS: Verb = {
  name: "status",
  summary: "say on one screen how a running server is: what is broken, what it serves, to whom",
  arguments: [],
  options: [{ name: "json", description: "print JSON, with all there is" }, SOCKET_OPTION],
  examples: [
    "scst status",
    "scst status --json",
    `the exit code is ${ExitCode.OK} where all is served as it is meant, ${ExitCode.FAILED} where something is broken,`,
    `and ${ExitCode.NO_SERVER} where no server answers`,
  ],
  run: status,
};

/** What the help of a `mgmt` file says is there to use. */
import type { TreeClient } from "../tree_client.ts";
import { TreeError } from "../tree.ts";

/** The beginnings of the lines that programs read. */
const HEADINGS = {
  create: "The following parameters available:",
  driverDynamic: "The following target driver attributes available:",
  targetDynamic: "The following target attributes available:",
} as const;

export type Heading = keyof typeof HEADINGS;

/** The names behind a heading in the `mgmt` of a directory; none where either is missing. */
export async function available(
  client: TreeClient,
  directory: string,
  heading: Heading,
): Promise<ReadonlySet<string>> {
  const begin = HEADINGS[heading];
  const line = (await helpOf(client, directory)).split("\n").find((one) => one.startsWith(begin));
  const names = (line ?? begin).slice(begin.length).split(",").map((name) => name.trim());
  return new Set(names.filter((name) => name !== ""));
}

async function helpOf(client: TreeClient, directory: string): Promise<string> {
  try {
    return await client.read(`${directory}/mgmt`);
  } catch (error) {
    if (error instanceof TreeError && error.errno === "ENOENT") return "";
    throw error;
  }
}

/** Whether targets can be added to a driver: whether it has a `mgmt` that can be written. */
export async function canAddTargets(client: TreeClient, driver: string): Promise<boolean> {
  const entries = await client.list(`targets/${driver}`);
  const mgmt = entries.find(({ name }) => name === "mgmt");
  return mgmt?.kind === "file" && ((mgmt.mode ?? 0) & 0o200) !== 0;
}

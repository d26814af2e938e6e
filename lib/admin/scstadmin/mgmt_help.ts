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
  const line = (await helpOf(client, directory) ?? "").split("\n").find((one) =>
    one.startsWith(begin)
  );
  const names = (line ?? begin).slice(begin.length).split(",").map((name) => name.trim());
  return new Set(names.filter((name) => name !== ""));
}

/** undefined where there is no `mgmt` that can be read. */
async function helpOf(client: TreeClient, directory: string): Promise<string | undefined> {
  try {
    return await client.read(`${directory}/mgmt`);
  } catch (error) {
    if (error instanceof TreeError && error.errno === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether targets can be added to a driver: whether it has a `mgmt`. */
export async function canAddTargets(client: TreeClient, driver: string): Promise<boolean> {
  return await helpOf(client, `targets/${driver}`) !== undefined;
}

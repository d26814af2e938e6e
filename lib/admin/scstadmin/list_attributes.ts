/** The attributes of an object, and what it can be given besides, as `-list_dev_attr` and its like show them. */
import { readAttributes } from "./attributes.ts";
import { attributeTable, underlined } from "./columns.ts";
import { available, type Heading } from "./mgmt_help.ts";
import type { Session } from "./session.ts";
import { TreeError } from "../tree.ts";

/** Attributes that the `mgmt` of a directory offers. */
export interface Offer {
  readonly directory: string;
  readonly heading: Heading;
  /** As in "LUN CREATE attributes available". */
  readonly title: string;
}

/** Shows the attributes of the object at `path`, which is told of as `title` where there is none. */
export async function listAttributes(
  session: Session,
  path: string,
  title: string,
  offers: readonly Offer[] = [],
): Promise<void> {
  let table: string;
  try {
    const attributes = await readAttributes(session.client, path);
    table = attributeTable(attributes.values(), session.flags.nonKey === true);
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    const why = error.errno === "ENOTDIR" ? `${title} has no attributes` : `There is no ${title}`;
    session.print(`${why}.`);
    return;
  }
  session.print(table);
  for (const { directory, heading, title } of offers) {
    const names = [...await available(session.client, directory, heading)].sort();
    if (names.length > 0) session.print(`\n${underlined(title, title.length, names)}`);
  }
}

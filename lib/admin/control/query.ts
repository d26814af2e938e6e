/** What a request may say besides its path: a slip must not do something else than was meant. */
import { quote } from "../../config/problem.ts";
import { TreeError } from "../tree.ts";
import type { ControlRequest } from "./route.ts";

/** The parameters of a path; a flag has no value. */
export interface Parameters {
  readonly values?: readonly string[];
  readonly flags?: readonly string[];
}

/** Throws a TreeError where there is more to a path or a query than the parameters. */
export function checkRequest(
  { names, query }: ControlRequest,
  { values = [], flags = [] }: Parameters = {},
): void {
  if (names.length > 0) {
    throw new TreeError("ENOENT", `There is nothing at ${quote(names.join("/"))}`);
  }
  const allowed = [...values, ...flags];
  for (const [key, value] of query) {
    const list = allowed.length === 0 ? "there are none" : `those are ${allowed.join(", ")}`;
    if (!allowed.includes(key)) {
      throw new TreeError("EINVAL", `${quote(key)} is no parameter of this path: ${list}`);
    }
    if (flags.includes(key) && value !== "") {
      throw new TreeError("EINVAL", `${key} has no value: it is ${quote(value)}`);
    }
  }
}

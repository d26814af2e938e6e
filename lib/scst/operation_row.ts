/** Making rows of the opcode table. */
import type { Operation } from "./operation.ts";

/** What a row says beside its name and its CDB. */
export type Traits = Omit<Operation, "name" | "code" | "usage" | "serviceAction">;

/** A row for an operation code without service actions. */
export function row(name: string, usage: string, traits: Traits): Operation {
  return { name, code: parseInt(usage, 16), usage, ...traits };
}

/** A row for a service action. */
export function actionRow(
  name: string,
  serviceAction: number,
  usage: string,
  traits: Traits,
): Operation {
  return { ...row(name, usage, traits), serviceAction };
}

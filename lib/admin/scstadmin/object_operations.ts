/** The options that add, remove and change objects, each of which says what it does. */
import { DEVICE_GROUP_OPERATIONS, DEVICE_OPERATIONS } from "./device_operations.ts";
import type { Operation } from "./operation.ts";
import { GROUP_OPERATIONS, LUN_OPERATIONS, TARGET_OPERATIONS } from "./target_operations.ts";

/** Says what is done before and after. */
function announced(operation: Operation): Operation {
  return {
    ...operation,
    run: async (session, input) => {
      session.print("\n-> Making requested changes.");
      const result = await operation.run(session, input);
      session.say("Done.");
      return result;
    },
  };
}

export const OBJECT_OPERATIONS: readonly Operation[] = [
  ...DEVICE_OPERATIONS,
  ...DEVICE_GROUP_OPERATIONS,
  ...TARGET_OPERATIONS,
  ...GROUP_OPERATIONS,
  ...LUN_OPERATIONS,
].map(announced);

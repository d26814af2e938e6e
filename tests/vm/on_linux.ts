/** Tests on a guest. */
import { GUEST, type Tool, toolTest } from "../harness/tools.ts";
import { Guest } from "./guest.ts";

/**
 * Registers a test that has a guest of its own. What belongs together is one test with several
 * steps, because every guest costs a boot.
 *
 * @param tools what it needs of this machine besides
 */
export function guestTest(
  name: string,
  body: (guest: Guest, t: Deno.TestContext) => Promise<void>,
  tools: readonly Tool[] = [],
): void {
  toolTest(name, [...GUEST, ...tools], async (t) => {
    await using guest = await Guest.start();
    await body(guest, t);
  });
}

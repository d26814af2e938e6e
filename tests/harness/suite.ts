/** Tests that share one server, as starting one for each would take most of the time. */
import { assertNoBug } from "./log.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** What is to be true, and how it is verified. */
export type Behaviours = Readonly<Record<string, (server: TestServer) => Promise<void> | void>>;

/**
 * Declares a test with one step for each behaviour. The server must outlive all of them and stop
 * with exit code 0.
 */
export function suite(
  subject: string,
  yaml: string | ((dir: string) => string),
  behaviours: Behaviours,
): void {
  Deno.test(subject, async (t) => {
    await using server = await startTestServer(yaml);
    for (const [name, verify] of Object.entries(behaviours)) {
      await t.step(name, async () => await verify(server));
    }
    assertNoBug(server);
  });
}

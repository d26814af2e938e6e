/** Removing a target: it refuses new sessions, those that there are end, and then it goes. */
import { exists, type Problem, there } from "./command.ts";
import { Code, codeSentence } from "./error_codes.ts";
import { targetPath } from "./paths.ts";
import { directories } from "./running.ts";
import type { Session } from "./session.ts";
import { deleteTarget } from "./target_commands.ts";

/** Sessions flush and log out within this; SCST waits for longer, but not its users. */
const CLOSE_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** Removes a target; the problem, if there is one, is not told. Rejects with a TreeError. */
export async function removeTarget(
  session: Session,
  driver: string,
  target: string,
): Promise<Problem | undefined> {
  const { client } = session;
  const path = targetPath(driver, target);
  if (await exists(client, `${path}/enabled`)) await client.write(`${path}/enabled`, "0");
  const what = `Removing target '${target}' from driver '${driver}'`;
  const stuck = await closeSessions(session, path);
  if (stuck !== undefined) {
    session.say(`${what}: failed.`);
    return stuck;
  }
  return await session.attempt(what, deleteTarget(driver, target));
}

async function closeSessions({ client }: Session, path: string): Promise<Problem | undefined> {
  if (!await exists(client, `${path}/sessions`)) return undefined;
  const open = async () => directories(await client.list(`${path}/sessions`));
  const asked = new Set<string>();
  const deadline = performance.now() + CLOSE_LIMIT_MS;
  for (let names = await open(); names.length > 0; names = await open()) {
    if (performance.now() > deadline) {
      const { SESSION_CLOSE: code } = Code;
      return { code, sentence: `${codeSentence(code)}: ${names[0]} is still there` };
    }
    for (const name of names.filter((one) => !asked.has(one))) {
      asked.add(name);
      // A session that ended by itself meanwhile is as good.
      const file = `${path}/sessions/${name}/force_close`;
      if (await there(file, Code.NO_SESSION).holds(client)) await client.write(file, "1");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return undefined;
}

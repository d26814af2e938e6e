/**
 * A process that serves the test tree: `fuse_server.ts MOUNTPOINT [allow_other] [BROKER_SOCKET]`. Says
 * `mounted`, or `failed:` and why; SIGTERM ends it in order.
 */
import { openFuseDoor } from "../../lib/admin/fuse/door.ts";
import { TestTree } from "./fuse_tree.ts";

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

if (import.meta.main) {
  const [mountPoint = "", who = "", brokerSocket] = Deno.args;
  try {
    const door = await openFuseDoor(new TestTree().root, {
      mountPoint,
      allowOther: who === "allow_other",
      ...(brokerSocket === undefined ? {} : { brokerSocket }),
      report: (level, line) => say(`${level} ${line}`),
    });
    Deno.addSignalListener("SIGTERM", () => void door.close());
    say("mounted");
    await door.ended;
    Deno.exit(0);
  } catch (error) {
    say(`failed: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

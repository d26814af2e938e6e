/** A process with a control socket, to be killed: `control_process.ts PATH`. */
import { openControlDoor } from "../../lib/admin/control/door.ts";
import { exampleTree } from "./example_tree.ts";

const door = await openControlDoor(exampleTree().root, { path: Deno.args[0]! });
Deno.stdout.writeSync(new TextEncoder().encode(`listening at ${door.path}\n`));

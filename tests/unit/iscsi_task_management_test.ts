/** What the log says of task management: the function, the response, and whose and of what. */
import assert from "node:assert/strict";
import { now } from "../harness/fault_example.ts";
import { Rig } from "../harness/rig.ts";
import { TaskFunction, taskManagement } from "../initiator/requests.ts";

Deno.test("a function of a logical unit names its LUN in the log, one of the target does not", () => {
  const rig = new Rig({});
  const peer = rig.login(1);
  const functions = [TaskFunction.LogicalUnitReset, TaskFunction.TargetWarmReset];
  const [unit, target] = functions.map((fn) => {
    const before = rig.log.length;
    peer.send(taskManagement({ ...now(peer), function: fn, lun: 0 }));
    return rig.log.slice(before).join("\n");
  });
  assert.match(
    unit!,
    /^info LOGICAL_UNIT_RESET answered with COMPLETE \(0\): initiator=\S+ .*lun=0 itt=0x/,
  );
  assert.match(target!, /^info TARGET_WARM_RESET answered with COMPLETE \(0\): initiator=/);
  assert.doesNotMatch(target!, /lun=/);
});

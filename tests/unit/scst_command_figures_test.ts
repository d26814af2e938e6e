/** What commands came to: classes of times, sums, ends, and what is left of a unit that is gone. */
import assert from "node:assert/strict";
import {
  CLASSES,
  classOf,
  CommandFigures,
  endOf,
  ENDS,
  Ways,
} from "../../lib/scst/command_figures.ts";
import { Sense } from "../../lib/scsi/sense.ts";
import { Status } from "../../lib/scsi/status.ts";

Deno.test("classOf() gives the least power of two that a time is below", () => {
  const table: [microseconds: number, index: number][] = [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [1023, 10],
    [1024, 11],
    [2 ** 25 - 1, 25],
    [2 ** 25, CLASSES - 1],
    [2 ** 31, CLASSES - 1],
    [2 ** 40, CLASSES - 1],
  ];
  for (const [microseconds, index] of table) assert.equal(classOf(microseconds), index);
});

Deno.test("endOf() names a sense key, or a status that has none", () => {
  const table: [status: number, sense: number, name: string][] = [
    [Status.CHECK_CONDITION, Sense.UNRECOVERED_READ_ERROR, "medium_error"],
    [Status.CHECK_CONDITION, Sense.POWER_ON_OR_RESET, "unit_attention"],
    [Status.CHECK_CONDITION, Sense.INVALID_FIELD_IN_CDB, "illegal_request"],
    [Status.BUSY, 0, "busy"],
    [Status.RESERVATION_CONFLICT, 0, "reservation_conflict"],
    [Status.TASK_SET_FULL, 0, "task_set_full"],
    [Status.ACA_ACTIVE, 0, "aca_active"],
    [Status.TASK_ABORTED, 0, "task_aborted"],
  ];
  for (const [status, sense, name] of table) assert.equal(ENDS[endOf(status, sense)], name);
  assert.equal(ENDS.indexOf("completed"), 0xf, "the sense keys are in their places");
  assert.equal(new Set(ENDS).size, ENDS.length);
});

Deno.test("CommandFigures enters the commands of a turn at its end, each way by itself", () => {
  const figures = new CommandFigures();
  figures.count(Ways.READ, 512);
  figures.count(Ways.READ, 1024);
  figures.count(Ways.NONE, 0);
  assert.equal(figures.isUnsettled, true);
  assert.equal(figures.view.read.microseconds, 0);
  figures.settle(5);
  assert.equal(figures.isUnsettled, false);
  figures.settle(9); // nothing is left
  figures.took(Ways.WRITE, 4096, 300);
  figures.fail(ENDS.indexOf("busy"));
  const { read, write, none, failed } = figures.view;
  assert.deepEqual([read.commands, read.bytes, read.microseconds], [2, 1536, 10]);
  assert.deepEqual([write.commands, write.bytes, write.microseconds], [1, 4096, 300]);
  assert.deepEqual([none.commands, none.bytes, none.microseconds], [1, 0, 5]);
  assert.deepEqual([read.classes[3], write.classes[9], none.classes[3]], [2, 1, 1]);
  assert.deepEqual(failed, { busy: 1 });
});

Deno.test("CommandFigures leaves all that it has to others, and what ends in its last turn as well", () => {
  const total = new CommandFigures();
  total.took(Ways.READ, 1, 1);
  const figures = new CommandFigures();
  figures.took(Ways.READ, 10, 1);
  figures.count(Ways.READ, 100);
  figures.mergeInto(total);
  figures.settle(2000);
  const { commands, bytes, microseconds, classes } = total.view.read;
  assert.deepEqual([commands, bytes, microseconds], [3, 111, 2002]);
  assert.deepEqual([classes[1], classes[11]], [2, 1]);
});

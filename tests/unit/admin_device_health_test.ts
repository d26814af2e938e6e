/** The first word of a device's health, which scripts look at, and why it is that. */
import assert from "node:assert/strict";
import { healthText } from "../../lib/admin/device_health.ts";
import type { DeviceView } from "../../lib/admin/engine.ts";
import { StoreErrors } from "../../lib/vdisk/store_errors.ts";

const { counts } = new StoreErrors(() => {});
const NO_ERRORS = Object.keys(counts).map((kind) => `${kind}: 0\n`).join("");

const WELL: DeviceView = {
  size: 4096,
  writeThrough: false,
  health: { hasLost: false, failures: 0, errors: counts },
};
const HANGING: DeviceView = {
  ...WELL,
  unanswered: { name: "READ(16)", at: Date.UTC(2026, 10, 26) },
};
const FAILED: DeviceView = {
  ...HANGING,
  failure: { problem: "failed to flush: EIO", at: 0 },
  health: { hasLost: false, failures: 1, errors: { ...counts, io: 2 } },
};
const SINCE = "READ(16) has been under way since 2026-11-26T00:00:00.000Z";

const REFUSED = "why: failed to flush: EIO; writes are refused";
const ERRORS = NO_ERRORS.replace("io: 0", "io: 2");

const CASES: [view: DeviceView | undefined, isFaulty: boolean, text: string][] = [
  [undefined, false, "unknown\n"],
  [WELL, false, `ok\nfailures: 0\n${NO_ERRORS}`],
  [WELL, true, `FAULTS-ON-PURPOSE\nfailures: 0\n${NO_ERRORS}`],
  [HANGING, false, `unanswered\nwhy: ${SINCE}\nfailures: 0\n${NO_ERRORS}`],
  // Who makes faults on purpose need not be told of them.
  [HANGING, true, `FAULTS-ON-PURPOSE\nfailures: 0\n${NO_ERRORS}`],
  [FAILED, true, `failed\n${REFUSED}\nfailures: 1\n${ERRORS}`],
];

Deno.test("healthText() says first what is worst, and why", () => {
  for (const [view, isFaulty, text] of CASES) assert.equal(healthText(view, isFaulty), text);
});

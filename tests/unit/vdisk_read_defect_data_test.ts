/** READ DEFECT DATA (SBC-4 5.16, 5.17): empty lists. */
import assert from "node:assert/strict";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { Rig } from "../harness/rig.ts";
import { readDefectData10, readDefectData12 } from "../initiator/cdb.ts";

Deno.test("readDefectData() has the lists and the format that are asked for, and nothing in them", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  for (let asked = 0; asked < 32; asked++) {
    const [short, long] = [readDefectData10(asked, 255), readDefectData12(asked, 255)];
    if ([2, 7].includes(asked & 7)) {
      const { fieldPointer } = exchangeSense(peer, short, "05/24/00", { read: 255 });
      assert.deepEqual(fieldPointer, { inCdb: true, byte: 2, bit: 2 });
      assert.equal(exchangeSense(peer, long, "05/24/00", { read: 255 }).fieldPointer?.byte, 1);
      continue;
    }
    assert.deepEqual([...exchangeGood(peer, short, { read: 255 })], [0, asked, 0, 0]);
    assert.deepEqual([...exchangeGood(peer, long, { read: 255 })], [0, asked, 0, 0, 0, 0, 0, 0]);
  }
});

/** GET EVENT STATUS NOTIFICATION (MMC-6): what each initiator hears of the drive, once. */
import assert from "node:assert/strict";
import { requestRemoval } from "../../lib/scst/medium_change.ts";
import { CdRig } from "../harness/cd_rig.ts";
import { exchangeGood, exchangeSense } from "../harness/exchange.ts";
import type { Peer } from "../harness/rig.ts";
import { preventRemoval, startStopUnit, testUnitReady } from "../initiator/cdb.ts";
import { getEventStatus } from "../initiator/mmc.ts";

const OPERATIONAL = 1 << 1;
const POWER = 1 << 2;
const EXTERNAL = 1 << 3;
const MEDIA = 1 << 4;
const MULTI_HOST = 1 << 5;
const BUSY = 1 << 6;
const SUPPORTED = OPERATIONAL | POWER | MEDIA | BUSY;

const NO_CHANGE = 0;
const EJECT_REQUEST = 1;
const NEW_MEDIA = 2;
const REMOVAL = 3;

const EJECT = startStopUnit({ loadOrEject: true });
const LOAD = startStopUnit({ loadOrEject: true, start: true });

function poll(peer: Peer, classes: number, length = 8): number[] {
  return [...exchangeGood(peer, getEventStatus(length, classes), { read: length })];
}

/** MEDIA EVENT, and MEDIA STATUS: 1 tray open, 2 medium present. */
function media(peer: Peer): [event: number, status: number] {
  const [high, low, found, supported, event, status, ...slots] = poll(peer, MEDIA);
  assert.deepEqual([high, low, found, supported, ...slots], [0, 6, 4, SUPPORTED, 0, 0]);
  return [event!, status!];
}

Deno.test("getEventStatus() describes each class, and says which there are", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  assert.deepEqual(poll(peer, OPERATIONAL), [0, 6, 1, SUPPORTED, 0, 0, 0, 0]);
  assert.deepEqual(poll(peer, POWER), [0, 6, 2, SUPPORTED, 0, 1, 0, 0], "active");
  assert.deepEqual(poll(peer, MEDIA), [0, 6, 4, SUPPORTED, NO_CHANGE, 2, 0, 0]);
  assert.deepEqual(poll(peer, BUSY), [0, 6, 6, SUPPORTED, 0, 0, 0, 0]);
  assert.deepEqual(poll(peer, MEDIA | BUSY)[2], 4, "the lowest of those that are asked for");
  for (const classes of [0, EXTERNAL, MULTI_HOST, EXTERNAL | MULTI_HOST]) {
    assert.deepEqual(poll(peer, classes), [0, 2, 0x80, SUPPORTED]);
  }
});

Deno.test("getEventStatus() is polled, never asynchronous", () => {
  using rig = new CdRig();
  const cdb = getEventStatus(8, MEDIA, false);
  const { fieldPointer } = exchangeSense(rig.login(1), cdb, "05/24/00", { read: 8 });
  assert.deepEqual(fieldPointer, { inCdb: true, byte: 1, bit: 0 });
});

Deno.test("getEventStatus() tells every nexus of the operator's changes, each once", () => {
  using rig = new CdRig();
  const peers = [rig.login(1), rig.login(2)];
  rig.remove();
  for (const peer of peers) assert.deepEqual(media(peer), [REMOVAL, 0]);
  for (const peer of peers) assert.deepEqual(media(peer), [NO_CHANGE, 0]);
  rig.insert(2);
  for (const peer of peers) {
    assert.deepEqual(media(peer), [NEW_MEDIA, 2], "in front of the attention");
  }
  for (const peer of peers) assert.deepEqual(media(peer), [NO_CHANGE, 2]);
  rig.insert(3);
  for (const peer of peers) {
    assert.deepEqual(media(peer), [NEW_MEDIA, 2]);
    exchangeSense(peer, testUnitReady(), "06/28/00");
    exchangeGood(peer, testUnitReady());
  }
  rig.insert(4);
  rig.remove();
  for (const peer of peers) assert.deepEqual(media(peer), [REMOVAL, 0], "the latest");
  rig.remove();
  for (const peer of peers) {
    assert.deepEqual(media(peer), [NO_CHANGE, 0], "there was none to remove");
  }
});

Deno.test("getEventStatus() tells of eject and load by an initiator", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  exchangeGood(one, EJECT);
  exchangeGood(one, EJECT);
  for (const peer of [one, other]) assert.deepEqual(media(peer), [REMOVAL, 1]);
  exchangeGood(other, LOAD);
  exchangeGood(other, LOAD);
  for (const peer of [one, other]) assert.deepEqual(media(peer), [NEW_MEDIA, 2]);
  for (const peer of [one, other]) assert.deepEqual(media(peer), [NO_CHANGE, 2]);
});

Deno.test("getEventStatus() of an empty drive tells of its tray, and of no medium", () => {
  using rig = new CdRig({ empty: true });
  const peer = rig.login(1);
  assert.deepEqual(media(peer), [NO_CHANGE, 0]);
  exchangeGood(peer, EJECT);
  assert.deepEqual(media(peer), [NO_CHANGE, 1]);
  exchangeGood(peer, LOAD);
  assert.deepEqual(media(peer), [NO_CHANGE, 0]);
});

Deno.test("getEventStatus() tells of changed features first, and of the medium then", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.insert(2);
  assert.deepEqual(poll(peer, SUPPORTED), [0, 6, 1, SUPPORTED, 2, 0, 0, 1]);
  assert.deepEqual(poll(peer, SUPPORTED), [0, 6, 4, SUPPORTED, NEW_MEDIA, 2, 0, 0]);
  assert.deepEqual(poll(peer, SUPPORTED), [0, 6, 1, SUPPORTED, 0, 0, 0, 0]);
});

Deno.test("getEventStatus() takes no event away when there is room for the header only", () => {
  using rig = new CdRig();
  const peer = rig.login(1);
  rig.remove();
  for (const length of [0, 2, 4]) {
    assert.deepEqual(poll(peer, MEDIA, length), [0, 6, 4, SUPPORTED].slice(0, length));
  }
  assert.deepEqual(media(peer), [REMOVAL, 0]);
});

Deno.test("requestRemoval() asks those to let go who prevent it, as a button at the drive would", () => {
  using rig = new CdRig();
  const [one, other] = [rig.login(1), rig.login(2)];
  const holders = () => requestRemoval(rig.device).map(({ nexus }) => nexus.initiator.slice(-1));
  assert.deepEqual(holders(), []);
  assert.deepEqual(media(one), [NO_CHANGE, 2], "nobody has to be asked");
  for (const prevent of [1, 3]) {
    exchangeGood(other, preventRemoval(prevent));
    assert.deepEqual(holders(), ["2"]);
    for (const peer of [one, other]) assert.deepEqual(media(peer), [EJECT_REQUEST, 2]);
    for (const peer of [one, other]) assert.deepEqual(media(peer), [NO_CHANGE, 2]);
    assert.deepEqual(poll(one, OPERATIONAL), [
      0,
      6,
      1,
      SUPPORTED,
      0,
      prevent === 3 ? 0x80 : 0,
      0,
      0,
    ]);
    exchangeGood(other, preventRemoval(prevent & 2));
    assert.deepEqual(holders(), []);
  }
});

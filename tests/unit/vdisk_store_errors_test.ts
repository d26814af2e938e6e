/** What a disk makes of errors of its store: counters, lines in the log, and the failed state. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { StoreErrors } from "../../lib/vdisk/store_errors.ts";
import { IoOperation } from "../../lib/store/io_request.ts";
import { deviceModel, DeviceRig, resultOf } from "../harness/device_rig.ts";
import { exchange, exchangeGood, exchangeSense } from "../harness/exchange.ts";
import { FaultyPool } from "../harness/faulty_pool.ts";
import { setDescriptorSense, setWriteCache } from "../harness/modes.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { SmallTmpfs } from "../harness/small_tmpfs.ts";
import { StandingClock } from "../harness/standing_clock.ts";
import {
  inquiry,
  read10,
  requestSense,
  synchronizeCache10,
  testUnitReady,
  write10,
  writeSame10,
} from "../initiator/cdb.ts";
import { Opcode } from "../initiator/pdu.ts";
import { parseResponseSense, parseSense, senseText } from "../initiator/sense.ts";

const BLOCK = { write: new Uint8Array(512).fill(7) };
const SYNCHRONIZE = synchronizeCache10(0, 0);
const IMMED = Uint8Array.from(SYNCHRONIZE, (byte, at) => at === 1 ? 0x02 : byte);
const FUA = 0x08;
const FAILED = "04/3E/01";

/** What was said of errors since the last look. */
function errorsIn(log: string[]): string[] {
  return log.splice(0).filter((line) => line.startsWith("error "));
}

/** The next command is told of an error of commands before it, and only that. */
function mustHearOfLoss(peer: Peer): void {
  const sense = exchangeSense(peer, testUnitReady(), "03/0C/00");
  assert.equal(sense.deferred, true);
  exchangeGood(peer, testUnitReady());
}

Deno.test("StoreErrors counts by kind, tells the first of each at once, and the number of the others", () => {
  using clock = new StandingClock(100);
  const lines: string[] = [];
  const errors = new StoreErrors((line) => lines.push(line));
  const note = (errno: number, lba: number) =>
    errors.note({ operation: "WRITE", errno, lba, blocks: 8 });
  for (let lba = 0; lba < 1000; lba++) note(Errno.EIO, lba);
  note(Errno.ENOSPC, 5);
  errors.note({ operation: "SYNC", errno: Errno.EDQUOT });
  assert.deepEqual(lines.splice(0), [
    "WRITE failed: input/output error (EIO): lba=0 blocks=8",
    "WRITE failed: no space left on device (ENOSPC): lba=5 blocks=8",
    "SYNC failed: disk quota exceeded (EDQUOT)",
  ]);
  clock.seconds += 4;
  errors.tick(performance.now());
  assert.deepEqual(lines, []);
  clock.seconds += 1;
  errors.tick(performance.now());
  errors.tick(performance.now());
  const summary =
    "WRITE failed: input/output error (EIO): lba=999 blocks=8; 999 in the last seconds";
  assert.deepEqual(lines.splice(0), [summary]);
  note(Errno.EIO, 3);
  assert.deepEqual(lines, [], "it is 0 seconds since the last line");
  const { io, no_space, quota, other } = errors.counts;
  assert.deepEqual({ io, no_space, quota, other }, { io: 1001, no_space: 1, quota: 1, other: 0 });
});

Deno.test("an error of the store is counted and told with device, LBA and errno", () => {
  const cases: [operation: number, errno: number, kind: string, line: string][] = [
    [IoOperation.READ, Errno.EIO, "io", "READ failed: input/output error (EIO): lba=5 blocks=1"],
    [IoOperation.WRITE, Errno.ENOSPC, "no_space", "WRITE failed: no space left on device (ENOSPC)"],
    [IoOperation.WRITE, Errno.EDQUOT, "quota", "WRITE failed: disk quota exceeded (EDQUOT)"],
    [IoOperation.WRITE, Errno.EROFS, "read_only", "WRITE failed: read-only file system (EROFS)"],
    [IoOperation.READ, Errno.ENODATA, "io", "READ failed: no data available (ENODATA)"],
    [IoOperation.WRITE, Errno.EREMOTEIO, "io", "WRITE failed: remote input/output error"],
    [IoOperation.READ, Errno.EUCLEAN, "io", "READ failed: the file system is damaged (EUCLEAN)"],
    [IoOperation.WRITE, Errno.ENOLINK, "gone", "WRITE failed: link has been severed (ENOLINK)"],
    [IoOperation.READ, Errno.ENOTCONN, "gone", "READ failed: not connected (ENOTCONN)"],
    [IoOperation.READ, Errno.EBADF, "gone", "READ failed: bad file descriptor (EBADF)"],
    [IoOperation.READ, Errno.ESTALE, "gone", "READ failed: stale file handle (ESTALE)"],
    [IoOperation.READ, Errno.ESHORT, "short", "READ failed: the store ended before the transfer"],
  ];
  for (const [operation, errno, kind, line] of cases) {
    using rig = new Rig();
    const peer = rig.login(1);
    rig.store.failures.set(operation, errno);
    const isRead = operation === IoOperation.READ;
    const cdb = isRead ? read10(5, 1) : write10(5, 1);
    for (let time = 0; time < 3; time++) {
      assert.equal(exchange(peer, cdb, isRead ? { read: 512 } : BLOCK).status, 2, line);
    }
    const [first, ...more] = errorsIn(rig.log);
    assert(first!.startsWith(`error device 'rig': ${line}`), first);
    assert(first!.endsWith(": lba=5 blocks=1"), first);
    assert.deepEqual(more, [], "not each of them");
    const counts = Object.entries(rig.disk.errors.counts).filter(([, count]) => count > 0);
    assert.deepEqual(counts, [[kind, 3]]);
    rig.store.failures.clear();
    exchangeGood(peer, cdb, isRead ? { read: 512 } : BLOCK);
    assert.equal(rig.disk.errors.failures, 0);
  }
});

Deno.test("a read beyond the end of a file that has shrunk is an error, and the disk goes on", () => {
  using rig = new Rig({ size: 2 ** 20 });
  const peer = rig.login(1);
  Deno.truncateSync(rig.path, 512 * 10 + 100);
  exchangeSense(peer, read10(9, 4), "03/11/00", { read: 2048 });
  exchangeGood(peer, read10(9, 1), { read: 512 });
  assert.equal(rig.disk.errors.counts.short, 1);
});

Deno.test("a failed flush of what had ended with GOOD is told to every nexus once, and refuses what relies on it", () => {
  using rig = new Rig();
  const [one, other] = [rig.login(1), rig.login(2)];
  exchangeGood(one, write10(8, 1), BLOCK);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  exchangeSense(one, SYNCHRONIZE, "03/0C/00");
  rig.store.failures.clear();
  const [message] = other.take();
  assert.equal(message!.opcode, Opcode.AsyncMessage, "it hears of it at once");
  assert.deepEqual(parseResponseSense(message!.data), {
    format: "fixed",
    deferred: true,
    key: 3,
    asc: 0x0c,
    ascq: 0,
  });
  mustHearOfLoss(one);
  exchangeGood(other, inquiry(36), { read: 36 });
  mustHearOfLoss(other);
  const late = rig.login(3);
  for (const peer of [one, other, late]) {
    exchangeSense(peer, write10(0, 1), FAILED, BLOCK);
    exchangeSense(peer, SYNCHRONIZE, FAILED);
    exchangeSense(peer, IMMED, FAILED);
    exchangeSense(peer, read10(8, 1), FAILED, { read: 512 });
    exchangeGood(peer, testUnitReady());
  }
  assert.equal(rig.disk.errors.failures, 1);
  assert.deepEqual(errorsIn(rig.log), [
    "error device 'rig': SYNC failed: input/output error (EIO)",
    "error device 'rig' failed to flush: input/output error (EIO); writes that have ended may be " +
    "lost: reads and writes are refused until it is opened again",
  ]);
});

Deno.test("whoever asks for sense data gets the deferred error as data, in the format of D_SENSE", () => {
  using rig = new Rig();
  const [one, other, third] = [rig.login(1), rig.login(2), rig.login(3)];
  setDescriptorSense(one, true);
  for (const peer of [other, third]) exchangeSense(peer, testUnitReady(), "06/2A/01");
  exchangeGood(one, write10(8, 1), BLOCK);
  rig.store.failures.set(IoOperation.SYNC, Errno.ENOSPC);
  exchangeGood(one, IMMED);
  const sense = parseSense(exchangeGood(other, requestSense(252), { read: 252 }));
  assert.equal(senseText(sense), "07/27/07");
  assert.deepEqual([sense.format, sense.deferred], ["fixed", true]);
  exchangeGood(other, testUnitReady());
  const deferred = exchangeSense(third, testUnitReady(), "07/27/07");
  assert.deepEqual([deferred.format, deferred.deferred], ["descriptor", true]);
});

Deno.test("a flush that fails while nothing had ended unflushed loses nothing: what is read can be trusted", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  exchangeGood(peer, write10(8, 1), BLOCK);
  exchangeGood(peer, SYNCHRONIZE);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  exchangeSense(peer, SYNCHRONIZE, "03/0C/00");
  exchangeGood(peer, testUnitReady());
  assert.deepEqual(exchangeGood(peer, read10(8, 1), { read: 512 }), BLOCK.write);
  exchangeSense(peer, write10(8, 1), FAILED, BLOCK);
  assert.match(errorsIn(rig.log).at(-1)!, /failed to flush: .*; writes are refused until/);
});

Deno.test("a write that ends while a flush is under way is one that the failure of the flush may have lost", () => {
  using rig = new Rig();
  const peer = rig.login(1);
  rig.store.hanging = true;
  exchangeGood(peer, IMMED);
  rig.store.hanging = false;
  exchangeGood(peer, write10(8, 1), BLOCK);
  rig.store.failures.set(IoOperation.SYNC, Errno.EIO);
  rig.store.release();
  mustHearOfLoss(peer);
  exchangeSense(peer, read10(8, 1), FAILED, { read: 512 });
});

Deno.test("a write through that fails takes with it what had ended before, and else nothing", () => {
  for (const caches of [true, false]) {
    using rig = new Rig();
    const [peer, other] = [rig.login(1), rig.login(2)];
    if (!caches) {
      setWriteCache(peer, false);
      exchangeSense(other, testUnitReady(), "06/2A/01");
    }
    exchangeGood(peer, write10(8, 1), BLOCK);
    rig.store.failures.set(IoOperation.WRITE_DURABLE, Errno.EIO);
    exchangeSense(peer, write10(9, 1, FUA), "03/0C/00", BLOCK);
    rig.store.failures.clear();
    if (caches) mustHearOfLoss(other);
    else exchangeGood(other, testUnitReady());
    if (caches) exchangeSense(other, read10(8, 1), FAILED, { read: 512 });
    else exchangeGood(other, read10(8, 1), { read: 512 });
    exchangeSense(other, write10(8, 1), FAILED, BLOCK);
  }
});

Deno.test("a device that has failed is as new when it was closed and opened again", () => {
  using pool = new FaultyPool();
  using rig = new DeviceRig(pool);
  const model = deviceModel("a", { filename: rig.file(2 ** 20) });
  resultOf((done) => rig.devices.add(model, done));
  rig.set("0=a");
  const peer = rig.login(1);
  exchangeGood(peer, write10(8, 1), BLOCK);
  pool.failures.set(IoOperation.SYNC, Errno.EIO);
  exchangeSense(peer, SYNCHRONIZE, "03/0C/00");
  pool.failures.clear();
  mustHearOfLoss(peer);
  exchangeSense(peer, SYNCHRONIZE, FAILED);
  const served = rig.devices.get("a");
  for (const active of [false, true]) {
    assert.equal(resultOf((done) => served.change({ ...model, active }, done)).state, "done");
  }
  exchangeSense(peer, testUnitReady(), "06/28/00");
  exchangeGood(peer, SYNCHRONIZE);
  exchangeGood(peer, write10(8, 1), BLOCK);
  exchangeGood(peer, read10(8, 1), { read: 512 });
  assert.equal(rig.log.filter((line) => line.startsWith("error device 'a' failed")).length, 1);
});

const full = SmallTmpfs.mount(64 * 2 ** 10);
if (typeof full !== "string") full[Symbol.dispose]();

Deno.test({
  name: `a file system without room is no failure of the device: it goes on when there is some${
    typeof full === "string" ? `: ${full}` : ""
  }`,
  ignore: typeof full === "string",
  fn: () => {
    for (const writeThrough of [false, true]) {
      using tmpfs = SmallTmpfs.mount(64 * 2 ** 10) as SmallTmpfs;
      const path = `${tmpfs.path}/disk.img`;
      Deno.writeFileSync(path, new Uint8Array());
      Deno.truncateSync(path, 2 ** 20);
      Deno.writeFileSync(`${tmpfs.path}/other`, new Uint8Array(32 * 2 ** 10));
      using rig = new Rig({ path, writeThrough });
      const peer = rig.login(1);
      const large = { write: new Uint8Array(64 * 2 ** 10).fill(1) };
      exchangeSense(peer, write10(0, 128), "07/27/07", large);
      exchangeSense(peer, writeSame10(0, 128), "07/27/07", BLOCK);
      exchangeGood(peer, SYNCHRONIZE);
      exchangeGood(peer, read10(0, 128), { read: 64 * 2 ** 10 });
      const { counts, failures } = rig.disk.errors;
      assert.deepEqual([counts.no_space, failures], [2, 0]);
      Deno.removeSync(`${tmpfs.path}/other`);
      const part = { write: large.write.subarray(0, 32 * 2 ** 10) };
      exchangeGood(peer, write10(0, 64), part);
      exchangeGood(peer, SYNCHRONIZE);
      assert.deepEqual(exchangeGood(peer, read10(0, 64), { read: 32 * 2 ** 10 }), part.write);
    }
  },
});

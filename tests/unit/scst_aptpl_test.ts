/** Persistent reservations through a restart (SPC-4 5.12.5), and while they are being saved. */
import assert from "node:assert/strict";
import { Errno } from "../../ffi/errno.ts";
import { Device } from "../../lib/scst/device.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { StoreError } from "../../lib/store/store.ts";
import { HeldPool } from "../harness/held_pool.ts";
import { PrHost } from "../harness/pr_host.ts";
import { type Peer, Rig, TARGET } from "../harness/rig.ts";
import { Field, FINAL, Opcode, Pdu } from "../initiator/pdu.ts";
import { WRITE } from "../initiator/requests.ts";
import { PrIn, prList, PrOut, prOut, RESERVE_6 } from "../initiator/reservations.ts";

const A = "iqn.2026-11.org.scst.test:a";
const B = "iqn.2026-11.org.scst.test:b";
const OTHER_TARGET = `${TARGET}-2`;
const K = 0xfedc_ba98_7654_3210n;
const L = 1n;
const TYPES = [1, 3, 5, 6, 7, 8];
const SIMPLE = 1;
const aptpl = true;

/** A directory for the state of several rigs, one after the other. */
class Cabinet implements Disposable {
  readonly path = Deno.makeTempDirSync({ dir: "/dev/shm" });

  /** Runs `body` on a rig that finds what the rigs before it have left. */
  with<T>(body: (rig: Rig) => T, targets: readonly string[] = [TARGET]): T {
    using rig = new Rig({ stateDir: this.path, targets });
    return body(rig);
  }

  get file(): string {
    return `${this.path}/pr/rig`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("Reservations outlive a restart with APTPL, and begin with PRGENERATION 0", () => {
  for (const type of TYPES) {
    using cabinet = new Cabinet();
    const before = cabinet.with((rig) => {
      const [a, b] = [new PrHost(rig, A, 0xabc), new PrHost(rig, B)];
      assert.equal(a.out(PrOut.REGISTER, { actionKey: K, aptpl }), "GOOD");
      assert.equal(b.out(PrOut.REGISTER, { actionKey: L, aptpl }), "GOOD");
      assert.equal(a.out(PrOut.RESERVE, { key: K }, type), "GOOD");
      assert.equal(a.in(PrIn.REPORT_CAPABILITIES)[3]! & 1, 1, "PTPL_A");
      return a.fullStatus;
    });
    cabinet.with((rig) => {
      const [a, c] = [new PrHost(rig, A, 0xabc), new PrHost(rig, A, 0xabd)];
      assert.deepEqual(c.fullStatus, before);
      assert.deepEqual(c.keys, { generation: 0, keys: [K, L] });
      assert.equal(a.in(PrIn.REPORT_CAPABILITIES)[3]! & 1, 1, "PTPL_A");
      assert.deepEqual([a.write(), c.write()], ["GOOD", "CONFLICT"]);
      assert.equal(a.out(PrOut.RELEASE, { key: K }, type), "GOOD");
      assert.equal(c.write(), "GOOD");
    });
    cabinet.with((rig) => assert.equal(new PrHost(rig, A).reservation, undefined));
  }
});

Deno.test("Reservations end with a restart when the APTPL bit that came last was 0", () => {
  using cabinet = new Cabinet();
  cabinet.with((rig) => {
    const a = new PrHost(rig, A);
    assert.equal(a.out(PrOut.REGISTER, { actionKey: K }), "GOOD");
    assert.equal(a.out(PrOut.RESERVE, { key: K, aptpl }, 1), "GOOD"); // where it means nothing
    assert.throws(() => Deno.statSync(cabinet.file), Deno.errors.NotFound);
    assert.equal(a.out(PrOut.REGISTER, { key: K, actionKey: L, aptpl }), "GOOD");
  });
  cabinet.with((rig) => {
    const a = new PrHost(rig, A);
    assert.deepEqual(a.keys.keys, [L]);
    assert.equal(a.out(PrOut.REGISTER, { key: L, actionKey: L }), "GOOD");
    assert.equal(a.in(PrIn.REPORT_CAPABILITIES)[3]! & 1, 0, "PTPL_A");
  });
  cabinet.with((rig) => assert.deepEqual(new PrHost(rig, A).fullStatus, []));
});

Deno.test("Reservations belong to the target by its name, whatever its identifier is by now", () => {
  using cabinet = new Cabinet();
  cabinet.with((rig) => {
    const host = new PrHost(rig, A, 1, OTHER_TARGET);
    assert.equal(host.out(PrOut.REGISTER, { actionKey: K, aptpl }), "GOOD");
    assert.equal(host.fullStatus[0]!.relativePort, 2);
  }, [TARGET, OTHER_TARGET]);
  cabinet.with((rig) => {
    const host = new PrHost(rig, A, 1, OTHER_TARGET);
    assert.equal(host.fullStatus[0]!.relativePort, 1);
    assert.equal(new PrHost(rig, A).out(PrOut.RESERVE, { key: K }, 1), "CONFLICT");
    assert.equal(host.out(PrOut.RESERVE, { key: K }, 1), "GOOD");
  }, [OTHER_TARGET, TARGET]);
});

/** Texts that are whole, and say nothing that can be. */
function nonsense(): string[] {
  const port = "1 iqn.t,t,0x0001 iqn.a,i,0x000000000001";
  const registration = `persistent\nregistration 00000000000000ff ${port}`;
  return [
    "rubbish",
    "persistent",
    "persistent\n\n",
    `${registration}\nreservation 2 ${port}\n`,
    `${registration}\nreservation 7 ${port}\n`,
    `${registration}\nreservation 1\n`,
    `persistent\nreservation 1 ${port}\n`,
    "persistent\nreservation 7\n",
    `persistent\nregistration 0000000000000000 ${port}\n`,
    registration,
  ];
}

Deno.test("Reservations do not begin with a text that they do not understand", () => {
  using rig = new Rig();
  using cabinet = new Cabinet();
  using pool = new HeldPool();
  for (const text of nonsense()) {
    const file = new StateFile(`${cabinet.path}/pr`, "rig", pool);
    file.save(text, () => {});
    pool.let();
    const refused = (error: unknown) =>
      error instanceof StoreError && error.message.endsWith("does not understand it");
    assert.throws(() => new Device(rig.disk, () => file, () => {}), refused, text);
  }
});

/** A rig of which the host decides when its state is saved. */
class HeldRig implements Disposable {
  readonly pool = new HeldPool();
  readonly rig = new Rig({ statePool: this.pool });

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
    this.pool[Symbol.dispose]();
  }
}

/** Sends a PERSISTENT RESERVE OUT that is not answered at once. */
function begin(peer: Peer, action: number, write: Uint8Array, type = 0): Pdu {
  const command = peer.command({
    cdb: prOut(action, type, write.length),
    flags: FINAL | WRITE | SIMPLE,
    expectedLength: write.length,
    data: write,
  });
  assert.deepEqual(peer.send(command), []);
  return command;
}

function answerOf(peer: Peer, command: Pdu): number {
  const answers = peer.take();
  assert.equal(answers.length, 1);
  assert.equal(answers[0]!.itt, command.itt);
  return answers[0]!.u8(Field.status);
}

Deno.test("persistentReserveOut() answers and takes effect when the state is saved, in turn", () => {
  using held = new HeldRig();
  const { pool, rig } = held;
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  const first = begin(a.peer, PrOut.REGISTER, prList({ actionKey: K, aptpl }));
  const second = begin(b.peer, PrOut.REGISTER, prList({ actionKey: L, aptpl }));
  const third = begin(a.peer, PrOut.RESERVE, prList({ key: K }), 3);
  assert.equal(pool.held, 1);
  assert.deepEqual(b.keys, { generation: 0, keys: [] });
  assert.equal(b.write(), "GOOD");
  pool.let();
  assert.equal(answerOf(a.peer, first), 0);
  assert.deepEqual(b.keys, { generation: 1, keys: [K] });
  pool.let();
  assert.equal(answerOf(b.peer, second), 0);
  assert.equal(b.write(), "GOOD");
  pool.let();
  assert.equal(answerOf(a.peer, third), 0);
  assert.equal(b.write(), "CONFLICT");
  assert.equal(pool.held, 0);
});

Deno.test("persistentReserveOut() that cannot be saved fails and changes nothing", () => {
  using held = new HeldRig();
  const { pool, rig } = held;
  const [a, b] = [new PrHost(rig, A), new PrHost(rig, B)];
  const list = prList({ actionKey: K, aptpl });
  const failed = begin(a.peer, PrOut.REGISTER, list);
  const next = begin(b.peer, PrOut.REGISTER, prList({ actionKey: L }));
  pool.let(-Errno.ENOSPC);
  const [answer] = a.peer.take();
  assert.equal(answer!.itt, failed.itt);
  assert.equal(answer!.u8(Field.status), 2);
  assert(rig.log.some((line) => /^error Cannot save .*no space left on device/.test(line)));
  // What the file says is not known now: even what needs no file is saved.
  pool.let();
  assert.equal(answerOf(b.peer, next), 0);
  assert.deepEqual(b.keys, { generation: 1, keys: [L] });
  const again = begin(a.peer, PrOut.REGISTER, list);
  pool.let();
  assert.equal(answerOf(a.peer, again), 0);
});

Deno.test("persistentReserveOut() that waits for its turn goes with its session", () => {
  using held = new HeldRig();
  const { pool, rig } = held;
  const [a, b, c] = [new PrHost(rig, A), new PrHost(rig, B), new PrHost(rig, B, 2)];
  begin(a.peer, PrOut.REGISTER, prList({ actionKey: K, aptpl }));
  begin(b.peer, PrOut.REGISTER, prList({ actionKey: L, aptpl }));
  const reserve = c.peer.command({ cdb: RESERVE_6, flags: FINAL | SIMPLE });
  assert.deepEqual(c.peer.send(reserve), []);
  a.peer.connection.close();
  b.peer.connection.close();
  pool.let();
  assert.equal(pool.held, 0, "the second one is not done any more");
  assert.equal(answerOf(c.peer, reserve), 0x18); // A is registered: what had begun came to its end
  assert.deepEqual(c.keys, { generation: 1, keys: [K] });
  const logins = [new PrHost(rig, A).reservation, new PrHost(rig, B).reservation];
  assert.deepEqual(logins, [undefined, undefined]);
});

Deno.test("PREEMPT AND ABORT aborts the commands of whom it preempts, and tells", () => {
  for (const action of [PrOut.PREEMPT, PrOut.PREEMPT_AND_ABORT]) {
    using rig = new Rig();
    const [a, b, c] = [new PrHost(rig, A), new PrHost(rig, B), new PrHost(rig, B, 2)];
    for (const [host, actionKey] of [[a, K], [b, L], [c, L]] as const) {
      assert.equal(host.out(PrOut.REGISTER, { actionKey }), "GOOD");
    }
    assert.equal(b.out(PrOut.RESERVE, { key: L }, 6), "GOOD");
    // A write whose data is still to come.
    const write = b.peer.command({
      cdb: Uint8Array.of(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
      flags: WRITE | SIMPLE | FINAL,
      expectedLength: 512,
    });
    const [r2t] = b.peer.send(write);
    assert.equal(r2t!.opcode, Opcode.R2T);
    assert.equal(a.out(action, { key: K, actionKey: L }, 6), "GOOD");
    const aborts = action === PrOut.PREEMPT_AND_ABORT;
    const told = ["06/2A/05"];
    assert.deepEqual(c.attentions(), told);
    assert.deepEqual(b.attentions(), aborts ? [...told, "06/2F/00"] : told);
    const data = new Pdu(undefined, new Uint8Array(512).fill(7))
      .put8(Field.opcode, Opcode.DataOut)
      .put8(Field.flags, FINAL)
      .put32(Field.itt, write.itt)
      .put32(Field.ttt, r2t!.u32(Field.ttt));
    const answers = b.peer.send(data);
    // Not aborted it comes to its turn under the reservation of somebody else.
    const statuses = answers.filter((pdu) =>
      pdu.itt === write.itt && pdu.opcode === Opcode.ScsiResponse
    )
      .map((pdu) => pdu.u8(Field.status));
    assert.deepEqual(statuses, aborts ? [] : [0x18]);
    assert.equal(Deno.readFileSync(rig.path)[0], 0);
    assert.equal(a.write(), "GOOD");
  }
});

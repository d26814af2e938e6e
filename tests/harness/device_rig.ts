/** Devices as the control side adds, changes and removes them, behind a target, without a network. */
import assert from "node:assert/strict";
import { closeFile, createFile, removeFile, truncateFile } from "../../ffi/file.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { Node } from "../../lib/iscsi/node.ts";
import type { DeviceModel } from "../../lib/scst/model.ts";
import { Devices } from "../../lib/shard/devices.ts";
import { type Done, OperationError } from "../../lib/shard/operation_error.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { StoreError } from "../../lib/store/store.ts";
import { InlinePool } from "./inline_pool.ts";
import { targetModel } from "./regroup_rig.ts";
import { Peer } from "./rig.ts";

/** A disk of 512-byte blocks; `filename` makes it vdisk_fileio, else it is vdisk_nullio. */
export function deviceModel(name: string, values: Partial<DeviceModel> = {}): DeviceModel {
  return {
    name,
    handler: values.filename === undefined ? "vdisk_nullio" : "vdisk_fileio",
    blocksize: 512,
    readOnly: false,
    thinProvisioned: false,
    rotational: false,
    removable: false,
    writeThrough: false,
    nvCache: false,
    tst: 1,
    explAlua: false,
    ids: { usn: name },
    ...values,
  };
}

export class DeviceRig implements Disposable {
  readonly log: string[] = [];
  readonly node: Node;
  readonly devices: Devices;
  readonly stateDir: string;
  /** What is to be done later: in how many milliseconds. */
  readonly timers: [milliseconds: number, action: () => void][] = [];
  #handle = { ring: createRingMemory(), wake: createWake() };
  #files: string[] = [];

  /** `pool` does what may sleep; inline where nothing is said. */
  constructor(pool?: InlinePool) {
    const report = (level: string, line: string) => {
      this.log.push(`${level} ${line}`);
    };
    this.stateDir = Deno.makeTempDirSync({ dir: "/dev/shm" });
    this.node = new Node(report);
    this.devices = new Devices({
      pool: pool ?? new InlinePool(this.#handle),
      memory: this.node.memory,
      stateDir: this.stateDir,
      journalDir: `${this.stateDir}/atomic`,
      journals: new Set(),
      report,
      after: (milliseconds, action) => this.timers.push([milliseconds, action]),
    });
  }

  /** A file in memory of so many bytes. */
  file(size: number): string {
    const path = `/dev/shm/scst_rig_${crypto.randomUUID()}`;
    const fd = createFile(path);
    assert(fd >= 0);
    truncateFile(fd, size);
    closeFile(fd);
    this.#files.push(path);
    return path;
  }

  /** Makes the target have these LUNs. */
  set(luns: string): void {
    this.node.setTarget(targetModel(luns), (name) => this.devices.deviceOf(name));
  }

  /** A session past the first unit attentions of these LUNs. */
  login(isid: number, luns: readonly number[] = [0]): Peer {
    const ends = {
      remote: { hostname: "127.0.0.1", port: 40000 },
      local: { hostname: "127.0.0.1", port: 3260 },
    };
    const peer = new Peer(this.node, ends);
    peer.login(isid);
    for (const lun of luns) peer.run({ lun, cdb: new Uint8Array(6) });
    return peer;
  }

  [Symbol.dispose](): void {
    assert.deepEqual(this.log.filter((line) => /\bbug\b/.test(line)), []);
    for (const session of [...this.node.sessions]) session.connection.close();
    assert.equal(this.node.memory.lent, 0, "bytes that are left");
    for (const path of this.#files) removeFile(path);
    new Wake(this.#handle.wake).close();
    Deno.removeSync(this.stateDir, { recursive: true });
  }
}

/** What has become of an operation: `pending`, the sentence that refuses it, or its value. */
export interface Result<T> {
  state: "pending" | "done" | "refused";
  error?: string | undefined;
  value?: T | undefined;
}

/** Has an operation done, and notes what becomes of it. */
export function resultOf<T = void>(begin: (done: Done<T>) => void): Result<T> {
  const result: Result<T> = { state: "pending" };
  const done: Done<T> = (error, value) => {
    assert.equal(result.state, "pending", "an operation ends once");
    Object.assign(result, { state: error === undefined ? "done" : "refused", error, value });
  };
  try {
    begin(done);
  } catch (error) {
    if (!(error instanceof OperationError || error instanceof StoreError)) throw error;
    done(error.message);
  }
  return result;
}

/** Descriptors that this process has open on files whose path matches. */
export function openDescriptors(pattern: RegExp): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return pattern.test(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      return false; // the one that reads the directory
    }
  }).length;
}

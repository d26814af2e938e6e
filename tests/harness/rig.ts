/** A target without a network: a connection that is fed with PDUs, over a store that can misbehave. */
import assert from "node:assert/strict";
import { closeFile, createFile, removeFile, truncateFile } from "../../ffi/file.ts";
import { Memory } from "../../ffi/memory.ts";
import type { SocketAddress } from "../../ffi/socket.ts";
import { createWake, Wake } from "../../ffi/wake.ts";
import { Accounts } from "../../lib/iscsi/accounts.ts";
import { Connection } from "../../lib/iscsi/connection.ts";
import { Node } from "../../lib/iscsi/node.ts";
import { Device } from "../../lib/scst/device.ts";
import { DeviceType } from "../../lib/scsi/device_type.ts";
import type { DeviceIds, DeviceTexts } from "../../lib/scsi/identity.ts";
import { DeviceGroup } from "../../lib/scst/device_group.ts";
import {
  TARGET_DEFAULTS,
  type TargetAttributes,
  type TargetGroupModel,
  type UsersModel,
} from "../../lib/scst/model.ts";
import { AtomicJournal } from "../../lib/store/atomic_journal.ts";
import { FaultyStore } from "../../lib/store/faulty.ts";
import { openFileStore } from "../../lib/store/file.ts";
import type { IoPool } from "../../lib/store/io_pool.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { openNull } from "../../lib/store/null.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import type { Store } from "../../lib/store/store.ts";
import { VirtualDisk } from "../../lib/vdisk/virtual_disk.ts";
import {
  announcedLength,
  decodePdu,
  type Digests,
  Field,
  FINAL,
  IMMEDIATE,
  NO_DIGESTS,
  Opcode,
  Pdu,
} from "../initiator/pdu.ts";
import { answeredDigests } from "../initiator/parameters.ts";
import { decodeText } from "../initiator/text.ts";
import { scsiCommand, type ScsiCommandFields } from "../initiator/requests.ts";
import { InlinePool } from "./inline_pool.ts";

export const TARGET = "iqn.2026-11.org.scst.test:rig";
/** A target with the same disk, for those who authenticate; only with `users`. */
export const LOCKED_TARGET = "iqn.2026-11.org.scst.test:locked";
export const BLOCK = 512;

/** The identities of the disk of every rig that is not given others. */
export const RIG_IDS = { naaId: "6025c57000000000000000000000001f", usn: "rig" } as const;

/** What the disk of a rig is like; a thin disk of 1 MiB where nothing is said. */
export interface RigOptions {
  /** A disk where nothing is said. */
  readonly type?: DeviceType;
  /** Bytes. */
  readonly size?: number;
  readonly blocksize?: number;
  readonly readOnly?: boolean;
  readonly thinProvisioned?: boolean;
  readonly rotational?: boolean;
  readonly removable?: boolean;
  readonly writeThrough?: boolean;
  readonly nvCache?: boolean;
  /** Commands that a nexus may have under way; any number where nothing is said. */
  readonly maxCommands?: number;
  readonly tst?: 0 | 1;
  readonly explAlua?: boolean;
  /** The target groups through which the disk is reached; none where nothing is said. */
  readonly targetGroups?: readonly TargetGroupModel[];
  /** Where the state of the disk is kept; a directory of the rig's own where nothing is said. */
  readonly stateDir?: string;
  /** Who keeps it; inline where nothing is said. */
  readonly statePool?: IoPool;
  /** The targets that have the disk as LUN 0; TARGET where nothing is said. */
  readonly targets?: readonly string[];
  /** What the targets want; what holds for every target where nothing is said. */
  readonly attributes?: Partial<TargetAttributes>;
  /** Who may log in to LOCKED_TARGET. */
  readonly users?: UsersModel;
  /** The identities of the disk; RIG_IDS where nothing is said. */
  readonly ids?: DeviceIds;
  readonly texts?: DeviceTexts;
  /** Without a file, as vdisk_nullio. */
  readonly null?: boolean;
  /** The backing file, which is there and stays there; one of the rig's own where nothing is said. */
  readonly path?: string;
  /** What is between the disk's store and its file. */
  readonly around?: (store: Store) => Store;
  /** A drive that has no medium at the beginning. */
  readonly empty?: boolean;
  /** The node of another rig, which has the targets of this one too; one of its own where nothing is said. */
  readonly node?: Node;
}

/** One disk behind one target; any number of connections. */
export class Rig implements Disposable {
  readonly node: Node;
  readonly store: FaultyStore;
  readonly disk: VirtualDisk;
  readonly device: Device;
  readonly log: string[] = [];
  /** In how many milliseconds the device group wants to look, for each time it asked. */
  readonly looks: number[] = [];
  /** The backing file, in memory. */
  readonly path: string;
  #pool = { ring: createRingMemory(), wake: createWake() };
  #ownState: string | undefined;
  #ownPath: string | undefined;
  #journal: AtomicJournal | undefined;

  constructor(options: RigOptions = {}) {
    const settings = {
      name: "rig",
      type: options.type ?? DeviceType.DISK,
      vendor: "SCST_FIO",
      blocksize: options.blocksize ?? BLOCK,
      readOnly: options.readOnly ?? false,
      thinProvisioned: options.thinProvisioned ?? true,
      rotational: options.rotational ?? false,
      removable: options.removable ?? false,
      writeThrough: options.writeThrough ?? false,
      nvCache: options.nvCache ?? false,
      tst: options.tst ?? 1,
      explAlua: options.explAlua ?? false,
      ids: options.ids ?? RIG_IDS,
      ...(options.maxCommands === undefined ? {} : { maxCommands: options.maxCommands }),
      ...(options.texts === undefined ? {} : { texts: options.texts }),
    };
    const size = options.size ?? 2 ** 20;
    if (options.stateDir === undefined) this.#ownState = Deno.makeTempDirSync({ dir: "/dev/shm" });
    const stateDir = options.stateDir ?? this.#ownState!;
    this.path = options.path ?? `/dev/shm/scst_rig_${crypto.randomUUID()}`;
    if (options.path === undefined && options.null !== true) this.#makeFile(size);
    const store = options.null === true
      ? openNull(size, settings.blocksize)
      : this.#openFile(settings.blocksize, settings.readOnly);
    this.store = new FaultyStore(options.around?.(store) ?? store);
    this.node = options.node ?? new Node((level, line) => this.log.push(`${level} ${line}`));
    const pool = options.statePool ?? new InlinePool(this.#pool);
    const stateFile = (kind: string) => new StateFile(`${stateDir}/${kind}`, "rig", pool);
    const report = (line: string) => this.log.push(`error ${line}`);
    const { identity } = store;
    this.#journal = identity === undefined
      ? undefined
      : new AtomicJournal(`${stateDir}/atomic`, identity, this.path, pool);
    try {
      const medium = options.empty === true ? undefined : this.store;
      const { memory } = this.node;
      this.disk = new VirtualDisk(settings, medium, memory, stateFile, this.#journal, report);
      this.device = new Device(this.disk, stateFile, report);
      this.disk.recover((error) => {
        if (error !== undefined) throw error;
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    const attributes = { ...TARGET_DEFAULTS, ...options.attributes };
    for (const name of options.targets ?? [TARGET]) {
      this.node.addTarget(name, attributes).luns.add(0, this.device);
    }
    if (options.users !== undefined) {
      const target = this.node.addTarget(LOCKED_TARGET);
      this.node.setAccounts(target, new Accounts(options.users));
      target.luns.add(0, this.device);
    }
    const { targetGroups } = options;
    if (targetGroups === undefined) return;
    const model = { name: "dg", devices: ["rig"], targetGroups };
    new DeviceGroup(model, [this.device], {
      lookIn: (milliseconds) => this.looks.push(milliseconds),
      report: (line) => this.log.push(`info ${line}`),
    });
  }

  #makeFile(size: number): void {
    const fd = createFile(this.path);
    assert(fd >= 0);
    truncateFile(fd, size);
    closeFile(fd);
    this.#ownPath = this.path;
  }

  #openFile(blocksize: number, readOnly: boolean): Store {
    const options = { filename: this.path, blocksize, size: undefined, readOnly };
    return openFileStore(options, new InlinePool(this.#pool));
  }

  /** A connection that has sent nothing yet; from one machine to itself where nothing is said. */
  connect(ends: Partial<Ends> = {}): Peer {
    return new Peer(this.node, { ...LOOPBACK, ...ends });
  }

  /** A session past its first unit attention. `keys` are offered in the login. */
  login(isid: number, keys: Record<string, string> = {}): Peer {
    const peer = this.connect();
    peer.login(isid, keys);
    assert.equal(peer.run({ cdb: new Uint8Array(16) }).u8(Field.status), 0x02); // POWER ON
    return peer;
  }

  [Symbol.dispose](): void {
    this.store.close();
    this.#journal?.close();
    new Wake(this.#pool.wake).close();
    if (this.#ownPath !== undefined) removeFile(this.#ownPath);
    if (this.#ownState !== undefined) Deno.removeSync(this.#ownState, { recursive: true });
  }
}

/** The addresses of a connection. */
export interface Ends {
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
}

const LOOPBACK: Ends = {
  remote: { hostname: "127.0.0.1", port: 40000 },
  local: { hostname: "127.0.0.1", port: 3260 },
};

/** The initiator's end of one connection. */
export class Peer {
  readonly connection: Connection;
  cmdSn = 1;
  /** What PDUs have in both directions since the login. */
  digests: Digests = NO_DIGESTS;
  #itt = 1;

  constructor(node: Node, { remote, local }: Ends) {
    this.connection = new Connection(node, remote, local, () => {});
  }

  /** Feeds bytes, in pieces of `step` bytes, as a socket might; sends what has gathered in between. */
  feed(bytes: Uint8Array, step = bytes.length): Pdu[] {
    const answers: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      const piece = bytes.subarray(at, at + step);
      const memory = new Memory(Math.max(piece.length, 1));
      memory.bytes.set(piece);
      for (let done = 0; done < piece.length;) {
        done = this.connection.receive(memory, done, piece.length);
        if (!this.connection.isClosed) answers.push(...this.#takeAll());
      }
    }
    return split(answers, this.digests);
  }

  /** What has been put out since the last look. */
  take(): Pdu[] {
    return split(this.#takeAll(), this.digests);
  }

  /** What has been put out, and what is put out as soon as that is gone. */
  #takeAll(): Uint8Array[] {
    const { connection } = this;
    const parts = [connection.output.takeBytes()];
    while (connection.canResumeReads) {
      connection.resumeReads();
      parts.push(connection.output.takeBytes());
    }
    return parts;
  }

  send(pdu: Pdu, step?: number): Pdu[] {
    return this.feed(pdu.encode({}, this.digests), step);
  }

  login(isid: number, keys: Record<string, string> = {}, step?: number): Pdu {
    const text = Object.entries({
      InitiatorName: "iqn.2026-11.org.scst.test:peer",
      TargetName: TARGET,
      SessionType: "Normal",
      ...keys,
    }).map(([key, value]) => `${key}=${value}\0`).join("");
    const pdu = new Pdu(undefined, new TextEncoder().encode(text))
      .put8(Field.opcode, Opcode.LoginRequest | IMMEDIATE)
      .put8(Field.flags, FINAL | 1 << 2 | 3)
      .put32(Field.isid + 2, isid)
      .put32(Field.itt, 0)
      .put32(Field.cmdSn, this.cmdSn);
    const [response, ...more] = this.send(pdu, step);
    assert.equal(more.length, 0);
    assert.equal(response!.opcode, Opcode.LoginResponse);
    this.digests = answeredDigests(decodeText(response!.data));
    return response!;
  }

  /** The next initiator task tag. */
  tag(): number {
    return this.#itt++;
  }

  /** A SCSI Command PDU with the next numbers. */
  command(fields: Partial<ScsiCommandFields> & { cdb: Uint8Array }): Pdu {
    const cmdSn = fields.immediate === true ? this.cmdSn : this.cmdSn++;
    return scsiCommand({ itt: this.tag(), expStatSn: 0, cmdSn, ...fields });
  }

  /** Sends a command that is answered with one PDU at once. */
  run(fields: Partial<ScsiCommandFields> & { cdb: Uint8Array }): Pdu {
    const answers = this.send(this.command(fields));
    assert.equal(answers.length, 1);
    return answers[0]!;
  }
}

function split(parts: Uint8Array[], digests: Digests): Pdu[] {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  const pdus: Pdu[] = [];
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const length = announcedLength(rest, digests);
    assert(length !== undefined && length <= rest.length, "the output ends within a PDU");
    pdus.push(decodePdu(rest, digests));
    at += length;
  }
  return pdus;
}

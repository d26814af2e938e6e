/** A target of which LUNs and groups change while sessions go on, over two disks: `a` and `b`. */
import assert from "node:assert/strict";
import { TARGET_DEFAULTS, type TargetAttributes, type TargetModel } from "../../lib/scst/model.ts";
import type { Device } from "../../lib/scst/device.ts";
import { reportLuns } from "../initiator/cdb.ts";
import { Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import { parseSense, senseText } from "../initiator/sense.ts";
import { exchangeGood } from "./exchange.ts";
import { type Peer, Rig, type RigOptions, TARGET } from "./rig.ts";

/** The NAA designator of `b`; `a` has that of every rig. */
export const OTHER_ID = "6025c5700000000000000000000000bb";

/** What a target is to be like beside its own LUNs. */
export interface Grouping {
  /** Pattern and LUNs of each group, by name. */
  readonly groups?: Readonly<Record<string, readonly [pattern: string, luns: string]>>;
  readonly attributes?: Partial<TargetAttributes>;
  readonly quiet?: boolean;
}

/** A target with the LUNs of a text like `0=a 1=b/ro`. */
export function targetModel(luns: string, { groups = {}, attributes }: Grouping = {}): TargetModel {
  return {
    name: TARGET,
    relTgtId: 1,
    attributes: { ...TARGET_DEFAULTS, ...attributes },
    incomingUsers: [],
    luns: lunModels(luns),
    groups: Object.entries(groups).map(([name, [pattern, theirs]]) => ({
      name,
      initiators: [pattern],
      luns: lunModels(theirs),
      addrMethod: "PERIPHERAL",
    })),
  };
}

function lunModels(text: string) {
  return text.split(" ").filter((word) => word !== "").map((word) => {
    const [, lun, device, mode] = /^(\d+)=([a-z]+)(\/ro)?$/.exec(word)!;
    return { lun: Number(lun), device: device!, readOnly: mode !== undefined };
  });
}

export class RegroupRig implements Disposable {
  readonly a: Rig;
  readonly b: Rig;

  /** The target has `a` as LUN 0 and `b` as LUN 1 at first. */
  constructor(options: RigOptions = {}, optionsOfB: RigOptions = options) {
    this.a = new Rig({ ...options, targets: [] });
    const ids = { naaId: OTHER_ID, usn: "b" };
    this.b = new Rig({ ids, ...optionsOfB, targets: [] });
    this.set("0=a 1=b");
  }

  get node(): Rig["node"] {
    return this.a.node;
  }

  /** Makes the target what is said. */
  set(luns: string, grouping: Grouping = {}): void {
    const find = (name: string): Device => name === "a" ? this.a.device : this.b.device;
    this.node.setTarget(targetModel(luns, grouping), find, grouping.quiet);
  }

  /** A session past the first unit attentions of LUN 0 and 1. */
  login(isid: number, keys: Record<string, string> = {}): Peer {
    const peer = this.a.connect();
    peer.login(isid, keys);
    for (const lun of [0, 1]) peer.run({ lun, cdb: new Uint8Array(6) });
    return peer;
  }

  [Symbol.dispose](): void {
    assert.deepEqual(this.a.log.filter((line) => /\bbug\b/.test(line)), []);
    for (const session of [...this.node.sessions]) session.connection.close();
    for (const { disk, device } of [this.a, this.b]) {
      assert.equal(device.users.size, 0, "users that are left");
      assert.equal(disk.tray.isLocked, false, "who prevents the removal is left");
    }
    const lent = this.a.node.memory.lent + this.b.node.memory.lent;
    assert.equal(lent, 0, "bytes that are left");
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }
}

/** The LUNs that REPORT LUNS tells, in peripheral addressing. */
export function reportedLuns(peer: Peer): number[] {
  const data = exchangeGood(peer, reportLuns(1024), { read: 1024 });
  return Array.from({ length: (data.length - 8) / 8 }, (_, index) => data[8 + index * 8 + 1]!);
}

/** What asynchronous messages tell, as `LUN sense`. */
export function eventsIn(pdus: readonly Pdu[]): string[] {
  return pdus.filter(({ opcode }) => opcode === Opcode.AsyncMessage).map((pdu) => {
    assert.equal(pdu.u8(Field.asyncEvent), 0);
    return `${pdu.u8(Field.lun + 1)} ${senseText(parseSense(pdu.data.subarray(2)))}`;
  });
}

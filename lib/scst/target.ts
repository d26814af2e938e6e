/** A SCSI target device: who may use it, and the LUNs that they see. */
import { LunAddressing } from "../scsi/lun.ts";
import type { Device } from "./device.ts";
import type { InitiatorGroup } from "./initiator_group.ts";
import { LunSet } from "./lun_set.ts";
import { LunTotals } from "./lun_totals.ts";
import type { AddrMethod, LunModel, TargetAttributes, TargetModel } from "./model.ts";
import type { Nexus } from "./nexus.ts";
import { Pattern } from "./pattern.ts";

/**
 * Initiators that share a discovery domain (RFC 4171 2.2.2) with a target, in lower case, as an iSNS
 * server says; "unheard" as long as none has said anything.
 */
export type DomainInitiators = ReadonlySet<string> | "unheard";

/** Finds a device that is there by its name. */
export type DeviceFinder = (name: string) => Device;

export class Target {
  readonly name: string;
  /** Its port; the identifier changes only while nobody is logged in. */
  readonly port: { readonly name: string; relativeId: number };
  readonly nexuses: Set<Nexus> = new Set();
  /** The LUNs of those whom no group has. */
  readonly luns: LunSet;
  /** What its LUNs did in sessions that have ended. */
  readonly totals = new LunTotals();
  domainInitiators: DomainInitiators = "unheard";
  #attributes: TargetAttributes;
  #allowedPortals: readonly Pattern[];
  #groups: InitiatorGroup<LunSet>[] = [];

  /** `portName` is the SCSI name of its port, `relativeId` the RELATIVE TARGET PORT IDENTIFIER. */
  constructor(name: string, portName: string, relativeId: number, attributes: TargetAttributes) {
    this.name = name;
    this.port = { name: portName, relativeId };
    this.#attributes = attributes;
    this.#allowedPortals = patternsOf(attributes.allowedPortals);
    this.luns = new LunSet(this.port, LunAddressing[attributes.addrMethod]);
  }

  get attributes(): TargetAttributes {
    return this.#attributes;
  }

  /** `allowed_portal`: at which addresses it is reached. */
  get allowedPortals(): readonly Pattern[] {
    return this.#allowedPortals;
  }

  /** The groups in the order in which they are searched. */
  get groups(): readonly InitiatorGroup<LunSet>[] {
    return this.#groups;
  }

  /** Whether a device is in one of its LUN sets. */
  has(device: Device): boolean {
    return this.#sets.some((set) => set.has(device));
  }

  /** Adds a group for the initiators that match one of `patterns`; returns its LUNs, none as yet. */
  addGroup(name: string, patterns: readonly string[], addrMethod: AddrMethod): LunSet {
    const luns = new LunSet(this.port, LunAddressing[addrMethod]);
    this.#groups.push({ name, initiators: patternsOf(patterns), luns });
    return luns;
  }

  /**
   * Becomes what `model` says. Who is logged in sees it after Nexus.regroup(); a group of the same
   * name keeps its set of LUNs.
   */
  change(model: TargetModel, deviceOf: DeviceFinder): void {
    const before = this.#devices;
    this.port.relativeId = model.relTgtId;
    this.#attributes = model.attributes;
    this.#allowedPortals = patternsOf(model.attributes.allowedPortals);
    this.luns.addressing = LunAddressing[model.attributes.addrMethod];
    fill(this.luns, model.luns, deviceOf);
    const groups = this.#groups;
    this.#groups = [];
    for (const { name, initiators, luns, addrMethod } of model.groups) {
      const old = groups.find((group) => group.name === name);
      if (old !== undefined) this.#groups.push({ ...old, initiators: patternsOf(initiators) });
      const set = old?.luns ?? this.addGroup(name, initiators, addrMethod);
      set.addressing = LunAddressing[addrMethod];
      fill(set, luns, deviceOf);
    }
    for (const device of before) if (!this.has(device)) device.ports.delete(this.port);
  }

  /** No device is reached through it any more. */
  remove(): void {
    for (const device of this.#devices) device.ports.delete(this.port);
  }

  get #sets(): LunSet[] {
    return [this.luns, ...this.#groups.map(({ luns }) => luns)];
  }

  get #devices(): Set<Device> {
    return new Set(this.#sets.flatMap((set) => [...set.entries].map(({ device }) => device)));
  }
}

function patternsOf(texts: readonly string[]): Pattern[] {
  return texts.map((text) => new Pattern(text));
}

function fill(set: LunSet, luns: readonly LunModel[], deviceOf: DeviceFinder): void {
  set.clear();
  for (const { lun, device, readOnly } of luns) set.add(lun, deviceOf(device), readOnly);
}

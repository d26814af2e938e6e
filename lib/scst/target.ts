/** A SCSI target device: who may use it, and the LUNs that they see. */
import type { TargetPort } from "../scsi/command.ts";
import { LunAddressing } from "../scsi/lun.ts";
import type { InitiatorGroup } from "./initiator_group.ts";
import { LunSet } from "./lun_set.ts";
import type { AddrMethod, TargetAttributes } from "./model.ts";
import type { Nexus } from "./nexus.ts";
import { Pattern } from "./pattern.ts";

/**
 * Initiators that share a discovery domain (RFC 4171 2.2.2) with a target, in lower case, as an iSNS
 * server says; "unheard" as long as none has said anything.
 */
export type DomainInitiators = ReadonlySet<string> | "unheard";

export class Target {
  readonly name: string;
  readonly port: TargetPort;
  readonly nexuses: Set<Nexus> = new Set();
  readonly attributes: TargetAttributes;
  /** `allowed_portal`: at which addresses it is reached. */
  readonly allowedPortals: readonly Pattern[];
  /** The LUNs of those whom no group has. */
  readonly luns: LunSet;
  domainInitiators: DomainInitiators = "unheard";
  #groups: InitiatorGroup<LunSet>[] = [];

  /** `portName` is the SCSI name of its port, `relativeId` the RELATIVE TARGET PORT IDENTIFIER. */
  constructor(name: string, portName: string, relativeId: number, attributes: TargetAttributes) {
    this.name = name;
    this.port = { name: portName, relativeId };
    this.attributes = attributes;
    this.allowedPortals = attributes.allowedPortals.map((text) => new Pattern(text));
    this.luns = new LunSet(this.port, LunAddressing[attributes.addrMethod]);
  }

  /** The groups in the order in which they were added. */
  get groups(): readonly InitiatorGroup<LunSet>[] {
    return this.#groups;
  }

  /** Adds a group for the initiators that match one of `patterns`; returns its LUNs, none as yet. */
  addGroup(name: string, patterns: readonly string[], addrMethod: AddrMethod): LunSet {
    const luns = new LunSet(this.port, LunAddressing[addrMethod]);
    const initiators = patterns.map((text) => new Pattern(text));
    this.#groups.push({ name, initiators, luns });
    return luns;
  }
}

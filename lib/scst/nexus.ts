/** An I_T nexus (SAM-5 4.7): one initiator port in touch with one target port. */
import type { Command } from "../scsi/command.ts";
import { LogicalUnit } from "./logical_unit.ts";
import type { LunSet } from "./lun_set.ts";
import type { NexusId } from "./pr_state.ts";
import type { Target } from "./target.ts";

/** How commands are aborted. */
export interface AbortOptions {
  /** Whether they get the status TASK ABORTED; if not they end without one. */
  readonly reported?: boolean;
  /** A command that is left alone. */
  readonly except?: Command;
}

/** What the core asks of the transport of a nexus. */
export interface NexusTransport {
  /** Aborts the commands of a unit, or all of them; returns how many. */
  abortTasks(unit?: LogicalUnit, how?: AbortOptions): number;
  /** Closes the connection of the nexus; `reason` is for the log. */
  drop(reason: string): void;
  /** Tells the initiator of a unit attention condition as soon as it is there. */
  announce(unit: LogicalUnit, sense: number): void;
}

export class Nexus {
  /** SCSI name of the initiator port (RFC 7143 4.4.2): `iqn...,i,0x<isid>`. */
  readonly initiator: string;
  readonly target: Target;
  /** The LUNs that it sees. */
  readonly luns: LunSet;
  /** What reservations know it by. */
  readonly id: NexusId;
  readonly units: ReadonlyMap<number, LogicalUnit>;
  isEnded = false;

  #transport: NexusTransport;

  /** Sees `luns` of the target; every unit begins with the unit attention `first` (SAM-5 5.14). */
  constructor(
    initiator: string,
    target: Target,
    luns: LunSet,
    transport: NexusTransport,
    first: number,
  ) {
    this.initiator = initiator;
    this.target = target;
    this.luns = luns;
    this.id = { initiator, port: target.port };
    this.#transport = transport;
    const units = new Map<number, LogicalUnit>();
    for (const { lun, device, readOnly } of luns.entries) {
      const unit = new LogicalUnit(this, lun, device, readOnly);
      unit.addAttention(first);
      units.set(lun, unit);
    }
    this.units = units;
    target.nexuses.add(this);
    luns.nexuses.add(this);
    for (const unit of units.values()) unit.device.enter(unit);
  }

  /** Aborts the commands of a unit, or of all of them; returns how many. */
  abortTasks(unit?: LogicalUnit, how?: AbortOptions): number {
    return this.#transport.abortTasks(unit, how);
  }

  /** Closes the connection that carries the nexus, when what it has to say is said. */
  drop(reason: string): void {
    this.#transport.drop(reason);
  }

  /** Tells the initiator of a unit attention condition without waiting for a command. */
  announce(unit: LogicalUnit, sense: number): void {
    this.#transport.announce(unit, sense);
  }

  /** Ends the nexus (SAM-5 6.3.4, I_T nexus loss). */
  end(): void {
    this.isEnded = true;
    this.target.nexuses.delete(this);
    this.luns.nexuses.delete(this);
    for (const unit of this.units.values()) unit.device.leave(unit);
  }
}

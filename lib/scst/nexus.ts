/** An I_T nexus (SAM-5 4.7): one initiator port in touch with one target port. */
import type { Command } from "../scsi/command.ts";
import type { LunAddressing } from "../scsi/lun.ts";
import { Sense } from "../scsi/sense.ts";
import type { BlackHole } from "./black_hole.ts";
import { LogicalUnit } from "./logical_unit.ts";
import type { LunEntry, LunSet } from "./lun_set.ts";
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
  /**
   * A unit is taken from the nexus: its commands that wait, for data, for their turn or for whatever, end
   * with `sense`. Those that the store works on end as they would have; until then nobody touches
   * their blocks.
   */
  expelTasks(unit: LogicalUnit, sense: number): void;
  /** Closes the connection of the nexus; `reason` is for the log. */
  drop(reason: string): void;
  /**
   * Tells the initiator of a unit attention condition of a LUN as soon as it is there, with sense data of
   * the descriptor format if `descriptors`.
   */
  announce(lun: number, sense: number, descriptors: boolean): void;
}

export class Nexus {
  /** SCSI name of the initiator port (RFC 7143 4.4.2): `iqn...,i,0x<isid>`. */
  readonly initiator: string;
  readonly target: Target;
  /** What reservations know it by. */
  readonly id: NexusId;
  isEnded = false;

  #transport: NexusTransport;
  #luns: LunSet;
  #addressing: LunAddressing;
  #units = new Map<number, LogicalUnit>();

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
    this.#luns = luns;
    this.#addressing = luns.addressing;
    this.id = { initiator, port: target.port };
    this.#transport = transport;
    for (const entry of luns.entries) this.#attach(entry).addAttention(first);
    target.nexuses.add(this);
    luns.nexuses.add(this);
  }

  /** The units that it has, by LUN. */
  get units(): ReadonlyMap<number, LogicalUnit> {
    return this.#units;
  }

  /** What is never answered of what it asks for, as its LUNs have it now. */
  get blackHole(): BlackHole {
    return this.#luns.blackHole;
  }

  /** How its LUNs are written. */
  get addressing(): LunAddressing {
    return this.#addressing;
  }

  /**
   * Sees the LUNs of `luns` as they are now: what is as it was stays as it is, with all its commands and
   * conditions; everything else is taken from the nexus, or given to it. The initiator is told, unless
   * another device behind a LUN is to stay a secret (`quiet`).
   */
  regroup(luns: LunSet, quiet = false): void {
    const isMoved = luns !== this.#luns;
    const isWrittenAnew = luns.addressing !== this.#addressing;
    const leaving = [...this.#units.values()].filter((unit) => !isSame(unit, luns.find(unit.lun)));
    this.#luns.nexuses.delete(this);
    luns.nexuses.add(this);
    this.#luns = luns;
    this.#addressing = luns.addressing;
    // All of them first: what the end of one lets run finds nothing that is about to go.
    for (const { lun } of leaving) this.#units.delete(lun);
    const gone = leaving.filter(({ lun }) => luns.find(lun) === undefined);
    for (const unit of leaving) this.#detach(unit, luns.find(unit.lun) !== undefined);
    const coming = [...luns.entries].filter(({ lun }) => !this.#units.has(lun));
    for (const entry of coming) {
      const unit = this.#attach(entry);
      if (!leaving.some(({ lun }) => lun === entry.lun)) unit.addAttention(Sense.POWER_ON_OR_RESET);
      else if (!quiet) unit.announce(Sense.INQUIRY_DATA_CHANGED);
    }
    const isOther = gone.length > 0 || coming.length > leaving.length - gone.length;
    if (isOther || isWrittenAnew || isMoved && leaving.length > 0) this.#announceLuns();
  }

  /** The initiator has heard of its LUNs: once is enough for all of them. */
  forgetLunsChange(): void {
    for (const unit of this.#units.values()) {
      unit.dropAttention(Sense.REPORTED_LUNS_DATA_CHANGED);
    }
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
  announce({ lun, disk }: LogicalUnit, sense: number): void {
    this.#transport.announce(lun, sense, disk.modes.current.D_SENSE === 1);
  }

  /** Ends the nexus (SAM-5 6.3.4, I_T nexus loss). */
  end(): void {
    this.isEnded = true;
    this.target.nexuses.delete(this);
    this.#luns.nexuses.delete(this);
    for (const unit of this.#units.values()) {
      this.target.totals.absorb(unit);
      unit.device.leave(unit);
    }
  }

  #attach({ lun, device, readOnly }: LunEntry): LogicalUnit {
    const unit = new LogicalUnit(this, lun, device, readOnly);
    this.#units.set(lun, unit);
    device.enter(unit);
    return unit;
  }

  #detach(unit: LogicalUnit, isReplaced: boolean): void {
    unit.isDetached = true;
    const sense = isReplaced ? Sense.COMMAND_ABORTED : Sense.LOGICAL_UNIT_NOT_SUPPORTED;
    this.#transport.expelTasks(unit, sense);
    this.target.totals.absorb(unit);
    unit.device.leave(unit);
  }

  /** Every unit reports it until one of them has, or REPORT LUNS is executed. */
  #announceLuns(): void {
    const sense = Sense.REPORTED_LUNS_DATA_CHANGED;
    const units = [...this.#units.values()];
    const isNews = !units.some((unit) => unit.isWaiting(sense));
    for (const unit of units) unit.addAttention(sense);
    if (isNews) this.#transport.announce(units[0]?.lun ?? 0, sense, false);
  }
}

/** Whether a unit is what a set has under its number. */
function isSame({ device, readOnly }: LogicalUnit, entry: LunEntry | undefined): boolean {
  return entry !== undefined && entry.device === device && entry.readOnly === readOnly;
}

/**
 * What administrators have stand still: all devices (SCST's `suspend`) or single ones (`block`). Commands
 * then wait at the gates of the devices, and what is being executed comes to its end, which can be
 * waited for. Task management, NOPs and logins go on.
 */
import type { Node, Report } from "../iscsi/node.ts";
import { Stage } from "../scsi/stage.ts";
import type { Device } from "../scst/device.ts";
import { type Done, OperationError } from "./operation_error.ts";

/**
 * Milliseconds until the first look whether what was being executed has ended, and at most between two
 * later ones: commands need not tell, and so do not pay for it.
 */
const LOOK = 10;
const LOOK_MOST = 250;

/** How often a device may be blocked, or everything be suspended, at one time: more is a runaway script. */
const MOST = 1000;

/** What is held of a device, as SCST's `block` tells it. */
export interface BlockCounts {
  /** How often it is blocked. */
  readonly blocks: number;
  /** For how many of them it is not yet still. */
  readonly pending: number;
}

/** One suspension, or one block of a device. */
interface Hold {
  /** Whether something is still being executed. */
  isPending: boolean;
}

/** What is asked of whoever has the devices. */
export interface HoldsOwner {
  readonly node: Node;
  devices(): Iterable<Device>;
  /** Calls `action` once, in so many milliseconds or a little later. */
  after(milliseconds: number, action: () => void): void;
  readonly report: Report;
}

export class Holds {
  #owner: HoldsOwner;
  #suspensions: Hold[] = [];
  #blocks = new Map<Device, Hold[]>();

  constructor(owner: HoldsOwner) {
    this.#owner = owner;
  }

  /** Suspensions that were not taken back. */
  get suspensions(): number {
    return this.#suspensions.length;
  }

  /** A device has come: it stands still with the others. */
  enter(device: Device): void {
    for (let count = this.#suspensions.length; count > 0; count--) device.gate.shut();
  }

  /** A device is gone that nobody uses: a copy that still waits for it ends. */
  leave(device: Device): void {
    const blocks = this.#blocks.get(device)?.splice(0) ?? [];
    this.#blocks.delete(device);
    for (let left = blocks.length + this.suspensions; left > 0; left--) device.gate.open();
  }

  /**
   * Suspends execution. `done` hears when nothing is being executed any more; after `seconds` (0 is for
   * ever) it hears that this has failed, and the suspension is taken back.
   */
  suspend(seconds: number, done: Done): void {
    const hold = begin(this.#suspensions, "suspend execution");
    for (const device of this.#owner.devices()) device.gate.shut();
    this.#owner.report("info", "execution of commands is suspended");
    const by = seconds === 0 ? Infinity : performance.now() + seconds * 1000;
    this.#wait(hold, this.#suspensions, () => [...this.#owner.devices()], by, (error) => {
      if (error !== undefined && this.#suspensions.includes(hold)) this.#endSuspension(hold);
      done(error);
    });
  }

  /** Takes the last suspension back, if there is one. */
  resume(): void {
    const hold = this.#suspensions.at(-1);
    if (hold !== undefined) this.#endSuspension(hold);
  }

  /**
   * Blocks a device. `done` hears when nothing is being executed any more; without `waits` it hears at
   * once, and the log is told later, with `text`.
   */
  block(device: Device, waits: boolean, text: string, done: Done): void {
    const { name } = device.disk.settings;
    const { report } = this.#owner;
    const holds = this.#blocks.get(device) ?? [];
    this.#blocks.set(device, holds);
    const hold = begin(holds, `block device '${name}'`);
    device.gate.shut();
    report("info", `device '${name}' is being blocked`);
    this.#wait(hold, holds, () => [device], Infinity, (error) => {
      if (error === undefined) {
        report("info", `device '${name}' is blocked${text === "" ? "" : `: ${text}`}`);
      }
      if (waits) done(error);
    });
    if (!waits) done(undefined);
  }

  /** Takes the last block of a device back, if there is one. */
  unblock(device: Device): void {
    if (this.#blocks.get(device)?.pop() === undefined) return;
    this.#owner.report("info", `device '${device.disk.settings.name}' is unblocked`);
    device.gate.open();
  }

  blocksOf(device: Device): BlockCounts {
    const holds = this.#blocks.get(device) ?? [];
    return { blocks: holds.length, pending: holds.filter(({ isPending }) => isPending).length };
  }

  #endSuspension(hold: Hold): void {
    this.#suspensions.splice(this.#suspensions.indexOf(hold), 1);
    this.#owner.report("info", "execution of commands is resumed");
    for (const device of [...this.#owner.devices()]) device.gate.open();
  }

  /** `done` hears when devices are still that are held by a hold of `holds`, or why not. */
  #wait(
    hold: Hold,
    holds: readonly Hold[],
    devices: () => readonly Device[],
    by: number,
    done: Done,
    look = LOOK,
  ): void {
    if (!holds.includes(hold)) return done("It was taken back before commands had ended");
    if (!this.#executes(devices())) {
      hold.isPending = false;
      return done(undefined);
    }
    if (performance.now() >= by) return done("Commands are still being executed: it is taken back");
    const next = Math.min(LOOK_MOST, 2 * look);
    this.#owner.after(look, () => this.#wait(hold, holds, devices, by, done, next));
  }

  /** Whether something is executed by one of the devices; a copy that stands still is not. */
  #executes(devices: readonly Device[]): boolean {
    if (devices.some(({ disk }) => disk.locks.isBusy)) return true;
    const gates = Array.from(this.#owner.devices(), ({ gate }) => gate);
    for (const { tasks } of this.#owner.node.sessions) {
      for (const task of tasks.values()) {
        if (task.unit === undefined || !devices.includes(task.unit.device)) continue;
        if (task.stage === Stage.STORE && !gates.some((gate) => gate.isParked(task))) return true;
      }
    }
    return false;
  }
}

function begin(holds: Hold[], what: string): Hold {
  if (holds.length >= MOST) {
    throw new OperationError(`Cannot ${what}: that was done ${MOST} times and not taken back`);
  }
  const hold = { isPending: true };
  holds.push(hold);
  return hold;
}

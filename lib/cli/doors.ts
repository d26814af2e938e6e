/** The ways in which a running server is administered. */
import type { Administration } from "../admin/administration.ts";
import { ControlError } from "../admin/control/control_error.ts";
import { type ControlDoor, openControlDoor } from "../admin/control/door.ts";
import { managementTree } from "../admin/root.ts";
import { log } from "../log.ts";

export interface DoorOptions {
  /** The path of the control socket; there is none where it is left out. */
  readonly control?: string | undefined;
}

/** Doors that are open until they are disposed of. */
export class Doors implements AsyncDisposable {
  #control: ControlDoor | undefined;

  constructor(control: ControlDoor | undefined) {
    this.#control = control;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control?.close();
  }
}

/** Opens what can be opened: a server without a door serves all the same, and says so once. */
export async function openDoors(
  administration: Administration,
  { control }: DoorOptions,
): Promise<Doors> {
  const root = managementTree(administration);
  const door = control === undefined
    ? undefined
    : await openControlDoor(root, { path: control }).catch((error) => {
      if (!(error instanceof ControlError)) throw error;
      log("warning", `${error.message}; scst's other commands cannot reach this server`);
      return undefined;
    });
  return new Doors(door);
}

/**
 * Which device keeps its reservations in which file: two that had one file would each take what the other
 * has saved for its own at the next start.
 */
import { OperationError } from "./operation_error.ts";

export class PrFiles {
  #directory: string;
  /** Devices that have a file of their own (pr_file_name). */
  #paths = new Map<string, string>();
  /** Those whose file has their name, in `directory`. */
  #others = new Set<string>();

  /** `directory` has the files of devices for which nothing else is said. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws an OperationError where another device has the file; `path` is undefined for the usual one. */
  check(device: string, path: string | undefined): void {
    if (path === undefined && this.#paths.size === 0) return;
    const directory = resolved(`${this.#directory}/.`).slice(0, -2);
    const wanted = path === undefined ? `${directory}/${device}` : resolved(path);
    const holder = this.#holderOf(wanted, directory, device);
    if (holder === undefined) return;
    const whose = `device '${holder}' keeps its own there`;
    throw new OperationError(
      `Cannot keep reservations of device '${device}' in ${wanted}: ${whose}`,
    );
  }

  /** The device has that file from now on. */
  take(device: string, path: string | undefined): void {
    this.leave(device);
    if (path === undefined) this.#others.add(device);
    else this.#paths.set(device, resolved(path));
  }

  /** The device has none any more. */
  leave(device: string): void {
    this.#paths.delete(device);
    this.#others.delete(device);
  }

  #holderOf(wanted: string, directory: string, device: string): string | undefined {
    for (const [other, path] of this.#paths) {
      if (other !== device && collide(path, wanted)) return other;
    }
    for (const other of this.#others) {
      if (other !== device && collide(`${directory}/${other}`, wanted)) return other;
    }
    return undefined;
  }
}

/** A path without links and dots in its directory, as far as that is there. */
function resolved(path: string): string {
  const slash = path.lastIndexOf("/");
  try {
    const directory = Deno.realPathSync(path.slice(0, slash + 1));
    return `${directory === "/" ? "" : directory}${path.slice(slash)}`;
  } catch {
    return path;
  }
}

/** Whether two files are one, or one is what is kept beside the other (replaceFile()). */
function collide(one: string, other: string): boolean {
  return one === other || isBeside(one, other) || isBeside(other, one);
}

function isBeside(path: string, other: string): boolean {
  return path === `${other}.1` || path === `${other}.new`;
}

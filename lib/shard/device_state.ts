/** The files of a device in which its state outlives a restart. */
import type { DeviceModel } from "../scst/model.ts";
import { StateFile } from "../store/state_file.ts";
import type { DeviceHost } from "./device_host.ts";
import type { PrFiles } from "./pr_files.ts";

/** The kind that may be kept elsewhere (pr_file_name): reservations. */
const PR = "pr";

/** Where devices for which nothing else is said keep their reservations. */
export function prDirectoryOf(stateDir: string): string {
  return `${stateDir}/${PR}`;
}

export class DeviceState {
  #name: string;
  #prFileName: string | undefined;
  #host: DeviceHost;
  #prFiles: PrFiles;
  #files = new Map<string, StateFile>();

  constructor({ name, prFileName }: DeviceModel, host: DeviceHost, prFiles: PrFiles) {
    this.#name = name;
    this.#prFileName = prFileName;
    this.#host = host;
    this.#prFiles = prFiles;
  }

  /** Opens the file of a kind of state. Throws OperationError, StoreError where that cannot be used. */
  file(kind: string): StateFile {
    const file = kind === PR ? this.#prFile(this.#prFileName) : this.#ownFile(kind);
    if (kind === PR) this.#prFiles.take(this.#name, this.#prFileName);
    this.#files.set(kind, file);
    return file;
  }

  /**
   * Keeps reservations in another file, unless `use` throws, which has it used. Throws OperationError,
   * StoreError as well where it cannot be, and then nothing has changed.
   */
  movePr(path: string | undefined, use: (file: StateFile) => void): void {
    const file = this.#prFile(path);
    use(file);
    this.#prFiles.take(this.#name, path);
    this.#files.set(PR, file);
  }

  /** Calls `then`, perhaps in the same turn, when nothing is being saved. */
  whenSaved(then: () => void): void {
    let left = this.#files.size;
    for (const file of this.#files.values()) {
      file.whenSaved(() => {
        if (--left === 0) then();
      });
    }
  }

  /** The device is no more: others may have its files. */
  leave(): void {
    this.#prFiles.leave(this.#name);
  }

  #prFile(path: string | undefined): StateFile {
    this.#prFiles.check(this.#name, path);
    return path === undefined ? this.#ownFile(PR) : StateFile.at(path, this.#host.pool);
  }

  #ownFile(kind: string): StateFile {
    const { stateDir, pool } = this.#host;
    return new StateFile(`${stateDir}/${kind}`, this.#name, pool);
  }
}

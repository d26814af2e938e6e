/** The servers that the bench measures, each started when it is asked for first. */
import { backingFile, diskYaml, startTestServer, TARGET_NAME } from "../harness/server.ts";
import type { DiskOptions } from "../harness/disk_yaml.ts";
import { writeRandomImage } from "../harness/image.ts";
import { toolOutput } from "../harness/tools.ts";
import { startFloor } from "./floor/floor.ts";
import { PEER_TARGET, startTgtd } from "./tgtd.ts";

/**
 * `scst` is as it comes; `each`, `nagle` and `held` send their answers in another way (SCST_REPLIES),
 * `portable` is without libisal, `luns` has many null devices, `file` is no server at all.
 */
export type ContenderName =
  | "scst"
  | "tgtd"
  | "floor"
  | "each"
  | "nagle"
  | "held"
  | "portable"
  | "luns"
  | "file";

/** What lies behind a LUN. */
export type MediumName = "memory" | "null" | "warm" | "cold";

export interface Contender extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly target: string;
  readonly lunOf: Readonly<Record<MediumName, number>>;
}

const MIB = 2 ** 20;

/** Bytes of the file in memory, of which all is used, and of the file on disk. */
export const MEMORY_SIZE = 256 * MIB;
export const DISK_SIZE = 1024 * MIB;

/** Bytes of the file on disk that are used when it is to be warm. */
export const WARM_SIZE = 256 * MIB;

/** Null devices of the contender `luns`. */
export const LUNS_MOST = 1000;

const ENVIRONMENT: Partial<Record<ContenderName, Record<string, string>>> = {
  each: { SCST_REPLIES: "each" },
  nagle: { SCST_REPLIES: "nagle" },
  held: { SCST_REPLIES: "held" },
  portable: { SCST_PORTABLE: "1" },
};

/** The configuration with LUNS_MOST null devices. */
export function manyLunsYaml(): string {
  return diskYaml(Array.from({ length: LUNS_MOST }, () => ({ size: "256MiB" })));
}

/** The medium of a target that has but one. */
function only(lun: number): Record<MediumName, number> {
  return { memory: lun, null: lun, warm: lun, cold: lun };
}

export class Contenders implements AsyncDisposable {
  #started = new Map<ContenderName, Contender>();
  #dirs: string[] = [];
  #memoryFiles = new Map<ContenderName, string>();
  #diskFile: string | undefined;
  #diskDir: string;

  /** `diskDir` is a directory on the disk that is to be measured. */
  constructor(diskDir: string) {
    this.#diskDir = diskDir;
  }

  /** Finds a contender, or starts it. */
  async get(name: ContenderName): Promise<Contender> {
    const found = this.#started.get(name) ?? await this.#start(name);
    this.#started.set(name, found);
    return found;
  }

  /** The file in memory of a contender: a server has a file that it writes for itself. */
  memoryFileOf(name: ContenderName): string {
    const file = this.#memoryFiles.get(name) ?? this.#file("/dev/shm", MEMORY_SIZE);
    this.#memoryFiles.set(name, file);
    return file;
  }

  /** The file on disk, of scst and of tgtd, which does not ask who else writes it. */
  get diskFile(): string {
    this.#diskFile ??= this.#file(this.#diskDir, DISK_SIZE);
    return this.#diskFile;
  }

  /** Drops what the system keeps of the file on disk in memory, or has it kept. */
  async setWarm(isWarm: boolean): Promise<void> {
    const file = this.diskFile;
    // dd with nocache and nothing to copy only tells the system that the pages are not needed.
    const args = isWarm
      ? [`if=${file}`, "of=/dev/null", "bs=1M", `count=${WARM_SIZE / MIB}`]
      : [`of=${file}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"];
    await toolOutput("dd", args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const contender of this.#started.values()) await contender[Symbol.asyncDispose]();
    for (const dir of this.#dirs) await Deno.remove(dir, { recursive: true });
  }

  #file(parent: string, size: number): string {
    const dir = Deno.makeTempDirSync({ dir: parent, prefix: "scst_bench_" });
    this.#dirs.push(dir);
    const path = backingFile(dir, "disk.img", size);
    writeRandomImage(path, size);
    return path;
  }

  async #start(name: ContenderName): Promise<Contender> {
    switch (name) {
      case "file":
        throw new Error("The file itself is no server");
      case "floor": {
        const floor = await startFloor();
        return Object.assign(floor, { target: TARGET_NAME, lunOf: only(0) });
      }
      case "tgtd": {
        const tgtd = await startTgtd(this.memoryFileOf("scst"), this.diskFile);
        return Object.assign(tgtd, { target: PEER_TARGET, lunOf: { ...only(2), memory: 1 } });
      }
      case "luns":
        return await this.#startScst(manyLunsYaml(), {}, only(0));
      default: {
        const disks: DiskOptions[] = [{ filename: this.memoryFileOf(name) }, { size: "256MiB" }];
        if (name === "scst") disks.push({ filename: this.diskFile });
        const lunOf = { memory: 0, null: 1, warm: 2, cold: 2 };
        return await this.#startScst(diskYaml(disks), ENVIRONMENT[name] ?? {}, lunOf);
      }
    }
  }

  async #startScst(
    yaml: string,
    env: Record<string, string>,
    lunOf: Contender["lunOf"],
  ): Promise<Contender> {
    const server = await startTestServer(yaml, { env });
    const { pid, port } = server;
    const stop = () => server[Symbol.asyncDispose]();
    return { pid, port, target: TARGET_NAME, lunOf, [Symbol.asyncDispose]: stop };
  }
}

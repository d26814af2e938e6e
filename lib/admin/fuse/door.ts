/**
 * The door of the management tree that is a file system: scstadmin and shell scripts use it as they use
 * the tree of the kernel's SCST. It is served on the isolate that opens it; no code of this process may
 * touch the mount synchronously, for it would wait for itself.
 */
import { closeFile } from "../../../ffi/file.ts";
import { effectiveIds } from "../../../ffi/mount.ts";
import type { TreeDirectory } from "../tree.ts";
import { FuseDoorError } from "./fuse_door_error.ts";
import { type ClaimedPoint, claimMountPoint, topMount } from "./mount_point.ts";
import { MOUNT_TYPE, type Mounted, mountTree } from "./mounting.ts";
import { type Report, ServedTree } from "./served_tree.ts";
import { FuseSession } from "./session.ts";

export interface FuseDoorOptions {
  /** A directory, as an absolute path. */
  readonly mountPoint: string;
  /**
   * Users other than the server's own may look in, root included; as an ordinary user that needs
   * user_allow_other in /etc/fuse.conf.
   */
  readonly allowOther: boolean;
  /**
   * A Unix socket that gives the descriptor of a FUSE device which is mounted at the mount point, and
   * unmounts when the connection ends: fusermount3 under a socket unit of systemd.
   */
  readonly brokerSocket?: string;
  /** Takes lines for the log: log() of lib/log.ts. */
  readonly report: Report;
}

const INIT_LIMIT_MS = 10_000;

/** A mounted tree. */
export class FuseDoor {
  readonly mountPoint: string;
  readonly #point: ClaimedPoint;
  readonly #mounted: Mounted;
  readonly #session: FuseSession;
  readonly #report: Report;
  #isClosing = false;
  /** Resolves when the tree is served no more: after close(), or when somebody has unmounted it. */
  readonly ended: Promise<void>;

  /** For openFuseDoor(). */
  constructor(point: ClaimedPoint, mounted: Mounted, tree: ServedTree) {
    this.mountPoint = point.path;
    this.#point = point;
    this.#mounted = mounted;
    this.#report = tree.report;
    this.#session = new FuseSession(mounted.fd, tree);
    this.ended = this.#end();
  }

  /** Waits until the kernel has said hello; false when it does not. */
  async initialized(): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), INIT_LIMIT_MS);
    const begun = this.#session.initialized.then(() => true);
    const dead = this.#session.ended.then(() => false);
    const result = await Promise.race([begun, dead, late]);
    clearTimeout(timer);
    return result;
  }

  /** Unmounts, whoever is still inside, and ends. Those who wait for an answer get an error. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      await this.#unmount(); // it is served meanwhile, for whoever looks before he unmounts
      this.#session.stop();
    }
    await this.ended;
  }

  async #unmount(): Promise<void> {
    const top = topMount(this.mountPoint);
    const failure = top !== undefined && top.type !== MOUNT_TYPE
      ? `${top.source} (${top.type}) is mounted on top of it`
      : await this.#mounted.unmount();
    if (failure !== undefined) {
      this.#report("warning", `${this.mountPoint} stays mounted, without a server: ${failure}`);
    }
  }

  async #end(): Promise<void> {
    const end = await this.#session.ended;
    if (!this.#isClosing) {
      this.#isClosing = true;
      if (end === "unmounted") this.#mounted.forsake();
      else await this.#unmount();
      const why = end === "unmounted" ? "somebody has unmounted it" : "the device failed";
      this.#report(
        "warning",
        `The management tree is gone from ${this.mountPoint} until the next start: ${why}`,
      );
    }
    closeFile(this.#mounted.fd);
    this.#point.release();
  }
}

/**
 * Mounts the tree and serves it. What an earlier server that was killed has left at the mount point is
 * cleaned up before.
 *
 * Throws a FuseDoorError with one sentence when that cannot be: no /dev/fuse, no fusermount3, a mount
 * point that is missing, no directory, or in use.
 */
export async function openFuseDoor(
  root: TreeDirectory,
  options: FuseDoorOptions,
): Promise<FuseDoor> {
  const { report } = options;
  const isBrokered = options.brokerSocket !== undefined;
  const point = await claimMountPoint(options.mountPoint, isBrokered, report);
  let mounted: Mounted;
  try {
    mounted = await mountTree(point.path, options);
  } catch (error) {
    point.release();
    throw error;
  }
  const door = new FuseDoor(point, mounted, new ServedTree(root, effectiveIds(), report));
  if (await door.initialized()) return door;
  await door.close();
  throw new FuseDoorError(options.mountPoint, "the kernel does not begin to use it");
}

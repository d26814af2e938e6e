/** The ways to a mounted tree: as root, with the system's helper, or from a broker. */
import { connectUnix } from "../../../ffi/descriptor_passing.ts";
import { describeErrno, Errno } from "../../../ffi/errno.ts";
import { closeFile } from "../../../ffi/file.ts";
import { FUSE_DEVICE, openFuseDevice, setNonBlocking } from "../../../ffi/fuse_device.ts";
import { awaitDescriptor, mountByHelper, unmountByHelper } from "../../../ffi/fuse_helper.ts";
import { detachMount, effectiveIds, mountAt } from "../../../ffi/mount.ts";
import { FuseDoorError } from "./fuse_door_error.ts";

/** The type of our mounts, by which the next start knows them. */
export const MOUNT_TYPE = "fuse.scst_tgt";
const SOURCE = "scst";

/** A mount that waits to be served. */
export interface Mounted {
  /** The device, not blocking. Its owner closes it. */
  readonly fd: number;
  /** Takes the mount away: undefined, or why it stays. */
  unmount(): Promise<string | undefined>;
  /** In place of unmount() where somebody else has done it. */
  forsake(): void;
}

export interface MountOptions {
  /** Users other than the server's own (root included) may look at the tree. */
  readonly allowOther: boolean;
  /** The socket of a broker that mounts in our place, and says where. */
  readonly brokerSocket?: string;
}

/** Mounts at `path`, a directory. Throws a FuseDoorError. */
export async function mountTree(path: string, options: MountOptions): Promise<Mounted> {
  const mounted = await chooseWay(path, options);
  const result = setNonBlocking(mounted.fd);
  if (result >= 0) return mounted;
  await mounted.unmount();
  closeFile(mounted.fd);
  throw new FuseDoorError(path, `the device: ${describeErrno(-result)}`);
}

async function chooseWay(path: string, options: MountOptions): Promise<Mounted> {
  if (options.brokerSocket !== undefined) return await viaBroker(path, options.brokerSocket);
  const fuseOptions = ["default_permissions", ...options.allowOther ? ["allow_other"] : []];
  const fd = openFuseDevice();
  if (fd === -Errno.ENOENT || fd === -Errno.ENODEV || fd === -Errno.ENXIO) {
    throw new FuseDoorError(path, `there is no ${FUSE_DEVICE}: modprobe fuse`);
  }
  if (fd >= 0) {
    const result = effectiveIds().uid === 0 ? directly(path, fd, fuseOptions) : -Errno.EPERM;
    if (result === 0) {
      return { fd, unmount: () => Promise.resolve(detach(path)), forsake: nothing };
    }
    closeFile(fd);
    if (result !== -Errno.EPERM && result !== -Errno.ENOSYS) {
      throw new FuseDoorError(path, describeErrno(-result));
    }
  }
  const helped = await mountByHelper(path, fuseOptions);
  if (typeof helped === "string") throw new FuseDoorError(path, helped);
  return { fd: helped, unmount: () => unmountByHelper(path), forsake: nothing };
}

function nothing(): void {}

/** mount(2), which a root without CAP_SYS_ADMIN is refused (EPERM). */
function directly(path: string, fd: number, fuseOptions: readonly string[]): number {
  const { uid, gid } = effectiveIds();
  const own = [`fd=${fd}`, "rootmode=40000", `user_id=${uid}`, `group_id=${gid}`];
  return mountAt(path, SOURCE, MOUNT_TYPE, [...own, ...fuseOptions].join(","));
}

function detach(path: string): string | undefined {
  const result = detachMount(path);
  return result === 0 ? undefined : describeErrno(-result);
}

/** The broker unmounts when the connection to it ends, be it by our death. */
async function viaBroker(path: string, socketPath: string): Promise<Mounted> {
  const socket = connectUnix(socketPath);
  if (socket < 0) {
    throw new FuseDoorError(path, `the broker at ${socketPath}: ${describeErrno(-socket)}`);
  }
  const fd = await awaitDescriptor(socket, `the broker at ${socketPath}`);
  if (typeof fd === "string") {
    closeFile(socket);
    // What its program had to say is in the journal; as a rule there is none.
    throw new FuseDoorError(path, `${fd} (has it fusermount3, of the package fuse3?)`);
  }
  const forsake = () => void closeFile(socket);
  return {
    fd,
    unmount: () => {
      forsake();
      return Promise.resolve(undefined);
    },
    forsake,
  };
}

/** Takes away what a dead server left at `path`: undefined, or why it stays. */
export async function unmountStale(path: string): Promise<string | undefined> {
  return effectiveIds().uid === 0 ? detach(path) : await unmountByHelper(path);
}

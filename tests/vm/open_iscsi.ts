/** open-iscsi in a guest: discovery, and sessions with the devices that they bring. */
import { TARGET_NAME } from "../harness/disk_yaml.ts";
import type { Portal } from "../harness/server.ts";
import type { Guest } from "./guest.ts";

/** LUNs from here on have the flat space addressing method in the kernel's eyes (SAM-5 4.7.7.3). */
const FLAT_FROM = 256;
const FLAT = 0x4000;

export interface GuestLogin {
  /** {@linkcode TARGET_NAME} if not given. */
  readonly target?: string;
  /** An interface of open-iscsi's; each has a session with a target, and so an ISID, of its own. */
  readonly iface?: string;
  /** Values of the node's record, such as `node.conn[0].iscsi.HeaderDigest`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A logical unit as the kernel has it. */
export interface GuestDevice {
  /** The block device: `/dev/sda`. */
  readonly disk: string;
  /** The SCSI generic device: `/dev/sg0`. */
  readonly generic: string;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function address({ host, port }: Portal): string {
  return `${host}:${port}`;
}

/** What `iscsiadm` prints of a discovery: `HOST:PORT,TAG TARGET`, a line each. */
export async function discover(guest: Guest, portal: Portal): Promise<string[]> {
  const text = await guest.output(`iscsiadm -m discovery -t sendtargets -p ${address(portal)}`);
  return text.trim().split("\n").filter((line) => line !== "");
}

/** Adds an interface with an initiator name of its own, or with that of the machine. */
export async function addInterface(guest: Guest, name: string, initiator = ""): Promise<void> {
  const update = `iscsiadm -m iface -I ${name} -o update`;
  await guest.output(`
    iscsiadm -m iface -I ${name} -o new
    ${update} -n iface.transport_name -v tcp
    ${initiator === "" ? "" : `${update} -n iface.initiatorname -v ${quoted(initiator)}`}`);
}

export class GuestSession {
  readonly guest: Guest;
  /** Names the node's record, and so the session, to `iscsiadm`. */
  readonly #node: string;
  /** `/sys/class/iscsi_session/session1` */
  readonly #dir: string;

  private constructor(guest: Guest, node: string, dir: string) {
    this.guest = guest;
    this.#node = node;
    this.#dir = dir;
  }

  /**
   * Logs in to a target.
   *
   * @throws Error with iscsiadm's words when the target refuses
   */
  static async login(
    guest: Guest,
    portal: Portal,
    options: GuestLogin = {},
  ): Promise<GuestSession> {
    const { target = TARGET_NAME, iface = "default", settings = {} } = options;
    const node = `iscsiadm -m node -T ${target} -p ${address(portal)} -I ${iface}`;
    const values = Object.entries(settings)
      .map(([name, value]) => `-n ${quoted(name)} -v ${quoted(value)}`);
    // What a discovery or an earlier login has left would log in, or have its say, too.
    await guest.output(`
      ${node} -o delete >/dev/null 2>&1
      ${node} -o new &&
      ${values.length === 0 ? "" : `${node} -o update ${values.join(" ")} &&`}
      ${node} --login`);
    const dir = await guest.output(`
      cd /sys/class/iscsi_session
      for session in *; do
        [ "$(cat $session/targetname) $(cat $session/ifacename)" = "${target} ${iface}" ] || continue
        echo -n "$PWD/$session"
      done`);
    return new GuestSession(guest, node, dir);
  }

  /** The LUNs that the kernel has found, in ascending order. */
  async luns(): Promise<number[]> {
    const text = await this.guest.output(`cd ${this.#dir}/device && ls -d target*/*:*:*:*`);
    return text.trim().split("\n").map((path) => Number(path.slice(path.lastIndexOf(":") + 1)))
      .map((lun) => (lun & FLAT) === 0 ? lun : lun - FLAT)
      .sort((a, b) => a - b);
  }

  /**
   * The devices of a LUN, as soon as the kernel has them both.
   *
   * @throws Error if that is not within 20 s
   */
  async device(lun: number): Promise<GuestDevice> {
    const number = lun < FLAT_FROM ? lun : lun | FLAT;
    const text = await this.guest.output(`
      for try in $(seq 200); do
        cd ${this.#dir}/device/target*/*:${number} 2>/dev/null &&
          disk=$(ls block) && generic=$(ls scsi_generic) &&
          [ -b /dev/$disk -a -c /dev/$generic ] && echo "/dev/$disk /dev/$generic" && exit
        sleep 0.1
      done 2>/dev/null
      exit 1`);
    const [disk = "", generic = ""] = text.trim().split(" ");
    return { disk, generic };
  }

  /** Ends the session; its devices are gone then. */
  async logout(): Promise<void> {
    await this.guest.output(`${this.#node} --logout`);
  }
}

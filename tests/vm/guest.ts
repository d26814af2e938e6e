/**
 * A Linux machine of its own: a guest of QEMU without hardware support, whose processor, kernel and
 * programs come from Debian. It reaches the servers on this machine's 127.0.0.1 under that address.
 */
import { within } from "../initiator/within.ts";
import { guestImage } from "./image/image.ts";
import { type GuestResult, GuestShell } from "./shell.ts";

/** A boot takes 6 s of a processor that nobody else wants. */
const BOOT_LIMIT_MS = 180_000;
const RUN_LIMIT_S = 60;
const END_LIMIT_MS = 10_000;
const LOG_TAIL = 4000;

const MACHINE = [
  "-nodefaults",
  "-no-user-config",
  ["-display", "none"],
  ["-machine", "q35,smm=off,sata=off,usb=off"],
  ["-accel", "tcg,thread=multi"],
  ["-cpu", "max"],
  ["-device", "virtio-serial-pci"],
  ["-device", "virtserialport,chardev=shell"],
  ["-device", "virtio-net-pci,netdev=net,romfile="],
  ["-serial", "stdio"],
].flat();

/** What the kernel need not do: it trusts its clock and its random numbers, and tests nothing. */
const KERNEL_ARGUMENTS = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  "mitigations=off",
  "tsc=reliable",
  "no_timer_check",
  "cryptomgr.notests",
  "random.trust_cpu=on",
  "audit=0",
  "apparmor=0",
  "nowatchdog",
].join(" ");

export interface GuestOptions {
  /** A disk whose systemd is the first process; what is written to it goes with the guest. */
  readonly root?: string;
  /** Files that are its disks besides: /dev/vdb, /dev/vdc and so on. */
  readonly disks?: readonly string[];
  /** Ports of this machine's 127.0.0.1 that lead to ports of the guest. */
  readonly forward?: Readonly<Record<number, number>>;
  /** Megabytes of memory. */
  readonly memory?: number;
}

/** A disk of the guest's; QEMU keeps what is written to it elsewhere, for its own life. */
function diskArguments(file: string): string[] {
  const drive = `file=${file},format=raw,if=none,snapshot=on,id=disk`;
  const id = crypto.randomUUID();
  return ["-drive", `${drive}${id}`, "-device", `virtio-blk-pci,drive=disk${id}`];
}

function machineOf({ root, disks = [], forward = {}, memory = 512 }: GuestOptions): string[] {
  const forwards = Object.entries(forward)
    .map(([here, there]) => `,hostfwd=tcp:127.0.0.1:${here}-:${there}`);
  return [
    ...MACHINE,
    // A guest that has a disk may boot again.
    ...root === undefined ? ["-no-reboot"] : [],
    ...["-m", String(memory)],
    ...["-netdev", `user,id=net${forwards.join("")}`],
    ...[...root === undefined ? [] : [root], ...disks].flatMap(diskArguments),
  ];
}

export class Guest implements AsyncDisposable {
  readonly #qemu: Deno.ChildProcess;
  readonly #dir: string;
  readonly #ended: Promise<Deno.CommandStatus>;
  #console = "";
  #shell: GuestShell | undefined = undefined;

  private constructor(qemu: Deno.ChildProcess, dir: string) {
    this.#qemu = qemu;
    this.#dir = dir;
    const streams = [qemu.stdout, qemu.stderr].map((stream) => this.#collect(stream));
    this.#ended = Promise.all([qemu.status, ...streams]).then(([status]) => status);
  }

  /**
   * Boots a guest and waits until it takes scripts.
   *
   * @throws Error with what the guest's kernel and QEMU have said if it does not come up
   */
  static async start(options: GuestOptions = {}): Promise<Guest> {
    const { kernel, initramfs } = await guestImage();
    const dir = await Deno.makeTempDir({ prefix: "scst_vm_" });
    const path = `${dir}/shell`;
    using listener = Deno.listen({ transport: "unix", path });
    const root = options.root === undefined ? "" : " scst_root=/dev/vda systemd.show_status=off";
    const args = [
      ...machineOf(options),
      ...["-chardev", `socket,id=shell,path=${path}`],
      ...["-kernel", kernel, "-initrd", initramfs, "-append", KERNEL_ARGUMENTS + root],
    ];
    const child = new Deno.Command("qemu-system-x86_64", {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const guest = new Guest(child, dir);
    try {
      await guest.#join(listener);
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the kernel has written to its console so far, and QEMU to its own output. */
  get console(): string {
    return this.#console;
  }

  /**
   * Runs a script of the guest's shell, as root, after those that run already.
   *
   * @param limitSeconds when it is killed; its code is 137 then
   * @throws Error with the end of the console's output when the guest does not answer
   */
  async run(script: string, limitSeconds = RUN_LIMIT_S): Promise<GuestResult> {
    try {
      return await this.#shell!.run(script, limitSeconds);
    } catch (error) {
      throw this.#told(`The guest does not run ${script}`, error);
    }
  }

  /**
   * Runs a script that must succeed and returns what it wrote to standard output.
   *
   * @throws Error with the script and all its output if it does not
   */
  async output(script: string, limitSeconds?: number): Promise<string> {
    const { code, stdout, stderr } = await this.run(script, limitSeconds);
    if (code === 0) return stdout;
    throw new Error(`In the guest, ${script} exited with code ${code}:\n${stdout}${stderr}`);
  }

  /** Has systemd boot the guest again, and waits until it takes scripts. */
  async reboot(): Promise<void> {
    try {
      // The script is killed by what it asks for, so that nobody answers for it.
      this.#shell!.leave("systemctl --no-block reboot; sleep 60");
      await within(
        this.#shell!.ready(),
        BOOT_LIMIT_MS,
        () => new Error(`it is not ready after ${BOOT_LIMIT_MS} ms`),
      );
    } catch (error) {
      throw this.#told("The guest does not boot again", error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell?.close();
    this.#kill("SIGTERM");
    try {
      await within(this.#ended, END_LIMIT_MS, () => new Error("QEMU does not heed SIGTERM"));
    } finally {
      this.#kill("SIGKILL");
      await this.#ended;
      await Deno.remove(this.#dir, { recursive: true });
    }
  }

  async #join(listener: Deno.UnixListener): Promise<void> {
    const exit = this.#ended.then(({ code }) => {
      throw new Error(`QEMU exited with code ${code}`);
    });
    exit.catch(() => {}); // later it is an end like any other
    const ready = async () => {
      this.#shell = new GuestShell(await listener.accept());
      await this.#shell.ready();
    };
    const late = () => new Error(`it is not ready after ${BOOT_LIMIT_MS} ms`);
    try {
      await within(Promise.race([ready(), exit]), BOOT_LIMIT_MS, late);
    } catch (error) {
      throw this.#told("The guest does not boot", error);
    }
  }

  #told(what: string, cause: unknown): Error {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new Error(`${what}: ${why}\n${this.#console.slice(-LOG_TAIL)}`, { cause });
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#qemu.kill(signal);
    } catch { /* it has exited already */ }
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) this.#console += part;
  }
}

/**
 * A limit of the queue of a block device that the system tells wrongly, for what no device here is like.
 * The device itself stays as it is. (A limit that is really set to zero stays so as long as the system
 * knows the device.)
 */
import type { LoopDevice } from "./loop_device.ts";

export class FakeLimit implements Disposable {
  #file = Deno.makeTempFileSync({ prefix: "scst_limit_" });
  #limit: string;

  constructor(device: LoopDevice, name: string, value: number) {
    this.#limit = `/sys/block/${device.path.slice("/dev/".length)}/queue/${name}`;
    Deno.writeTextFileSync(this.#file, `${value}\n`);
    run("mount", ["--bind", this.#file, this.#limit]);
  }

  [Symbol.dispose](): void {
    run("umount", [this.#limit]);
    Deno.removeSync(this.#file);
  }
}

function run(command: string, args: readonly string[]): void {
  const { code, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  if (code !== 0) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}

/** A server that is killed and started again in the same place: port, configuration and state. */
import type { LoginOptions } from "../initiator/login.ts";
import type { Address } from "../initiator/raw.ts";
import { type DiskOptions, diskYaml } from "./disk_yaml.ts";
import { startTestServer, type TestServer } from "./server.ts";
import { openSession } from "./sessions.ts";

export class MortalServer implements AsyncDisposable {
  readonly dir: string;
  #disks: readonly DiskOptions[];
  #server: TestServer;

  private constructor(dir: string, disks: readonly DiskOptions[], server: TestServer) {
    this.dir = dir;
    this.#disks = disks;
    this.#server = server;
  }

  /** Starts one; `disks` makes what it serves in its directory. */
  static async start(disks: (dir: string) => readonly DiskOptions[]): Promise<MortalServer> {
    const dir = await Deno.makeTempDir({ prefix: "scst_mortal_" });
    try {
      const made = disks(dir);
      return new MortalServer(dir, made, await startTestServer(diskYaml(made), { dir }));
    } catch (error) {
      await Deno.remove(dir, { recursive: true });
      throw error;
    }
  }

  /** Where it listens, and always will. */
  get address(): Address {
    return { host: this.#server.host, port: this.#server.port };
  }

  get server(): TestServer {
    return this.#server;
  }

  /** Ends it, by SIGKILL where nothing else is said. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    await this.#server.stop(signal);
  }

  /** Starts it again; returns the milliseconds from then until a login was answered. */
  async restart(options: LoginOptions = {}): Promise<number> {
    const { host, port } = this.address;
    const yaml = diskYaml(this.#disks, { portals: [`${host}:${port}`] });
    const began = performance.now();
    this.#server = await startTestServer(yaml, { dir: this.dir });
    await using _session = await openSession(this.#server, options);
    return performance.now() - began;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#server[Symbol.asyncDispose]();
    } finally {
      await Deno.remove(this.dir, { recursive: true });
    }
  }
}

/** Open-iSNS's server on a loopback port, and its client to look at it and to make domains. */
import { freePort } from "./free_port.ts";
import { within } from "../initiator/within.ts";
import { toolOutput } from "./tools.ts";

const START_LIMIT_MS = 10_000;
const STEP_MS = 20;

export interface IsnsdOptions {
  /** Seconds that a registration lasts without a sign of life. */
  readonly registrationPeriod?: number;
  /** Seconds between inquiries (ESI). */
  readonly esiInterval?: number;
}

export class Isnsd implements AsyncDisposable {
  readonly port: number;
  readonly #dir: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<unknown>;
  #log = "";

  private constructor(port: number, dir: string) {
    this.port = port;
    this.#dir = dir;
    this.#child = new Deno.Command("isnsd", {
      args: ["-f", "-c", `${dir}/isnsd.conf`, "-d", "all"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#ended = Promise.all([this.#child.status, this.#read()]);
  }

  /** Starts it with nothing registered; `port` is that of one that has ended, or any free one. */
  static async start(options: IsnsdOptions = {}, port = freePort()): Promise<Isnsd> {
    const dir = await Deno.makeTempDir({ prefix: "scst_isnsd_" });
    const { registrationPeriod = 600, esiInterval = 60 } = options;
    await Deno.writeTextFile(
      `${dir}/isnsd.conf`,
      `SourceName = iqn.2026-11.org.example:isnsd
BindAddress = 127.0.0.1:${port}
PIDFile = ${dir}/pid
Security = 0
DefaultDiscoveryDomain = 0
SLPRegister = 0
RegistrationPeriod = ${registrationPeriod}
ESIMinInterval = ${esiInterval}
ESIMaxInterval = ${esiInterval}
SCNTimeout = 1
`,
    );
    const server = new Isnsd(port, dir);
    const late = () => new Error(`isnsd does not listen: ${server.#log}`);
    await within(server.#listening(), START_LIMIT_MS, late);
    return server;
  }

  /** What it has logged: every message in words. */
  get log(): string {
    return this.#log;
  }

  /** Runs isnsadm as the node `source`; returns its output, where it succeeds. */
  async adm(source: string, ...args: readonly string[]): Promise<string> {
    const config = `${this.#dir}/isnsadm.conf`;
    await Deno.writeTextFile(
      config,
      `SourceName = ${source}\nServerAddress = 127.0.0.1:${this.port}\nSecurity = 0\n`,
    );
    return await toolOutput("isnsadm", ["-c", config, ...args]);
  }

  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended already */ }
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#dir, { recursive: true });
  }

  async #listening(): Promise<void> {
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      }
    }
  }

  async #read(): Promise<void> {
    const text = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const part of text) this.#log += part;
  }
}

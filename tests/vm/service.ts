/** A guest with systemd that has got scst as its users get it, and what tests of the service do there. */
import { freePort } from "../harness/free_port.ts";
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { inspect, type Product } from "../../packaging/product.ts";
import { DEBIAN_GUEST, toolOutput, toolTest } from "../harness/tools.ts";
import type { Address } from "../initiator/raw.ts";
import { Guest } from "./guest.ts";
import { debianDisk } from "./image/image.ts";

/** Everything that starts the executable takes seconds of an emulated processor. */
export const SLOW_S = 300;

const BINARY = Deno.env.get("SCST_BIN") ?? "";
const PORTAL = 3260;
const RAW_SIZE = 8 * 2 ** 20;

export interface ServiceScene {
  readonly guest: Guest;
  /** Leads to port 3260 of the guest, where that is open to others. */
  readonly address: Address;
  /** The name of the file in /root. */
  readonly delivered: string;
  /** A part that begins where the one before has ended: where it fails nothing follows. */
  readonly step: (name: string, body: () => Promise<void>) => Promise<void>;
}

function whyNot(): string | undefined {
  if (BINARY === "") return "SCST_BIN names no executable: deno task build";
  if (Deno.uid() !== 0) return "only root can make the guest's disk";
  return undefined;
}

/**
 * Registers a test in a guest of its own, an empty Debian that has a file in /root, and besides a disk of
 * 8 MiB, /dev/vdc, which belongs to nobody.
 *
 * @param deliver makes the file in a directory and gives its path
 */
export function serviceTest(
  name: string,
  deliver: (product: Product, dir: string) => Promise<string>,
  body: (scene: ServiceScene) => Promise<void>,
): void {
  toolTest(name, DEBIAN_GUEST, async (t) => {
    const dir = await Deno.makeTempDir({ prefix: "scst_service_" });
    try {
      await Deno.writeFile(`${dir}/raw`, new Uint8Array());
      await Deno.truncate(`${dir}/raw`, RAW_SIZE);
      const file = await deliver(await inspect(BINARY, manifest.version), dir);
      const delivered = file.slice(file.lastIndexOf("/") + 1);
      await toolOutput("tar", ["-cf", `${dir}/payload`, "-C", dir, delivered]);
      const port = freePort();
      await using guest = await Guest.start({
        root: await debianDisk(),
        disks: [`${dir}/payload`, `${dir}/raw`],
        forward: { [port]: PORTAL },
        memory: 1024,
      });
      await guest.output("tar -xf /dev/vdb -C /root", SLOW_S);
      const step = async (name: string, body: () => Promise<void>) => {
        assert.ok(await t.step(name, body), `it ends here: ${name}`);
      };
      await body({ guest, address: { host: "127.0.0.1", port }, delivered, step });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }, whyNot());
}

/** What systemd says of the service. */
export async function show(guest: Guest, ...properties: string[]): Promise<string[]> {
  const text = await guest.output(
    `for name in ${properties.join(" ")}; do systemctl show --value -p $name scst; done`,
  );
  return text.split("\n").slice(0, properties.length);
}

/** What the mounted tree says of its version: that it is mounted, and answers as it should. */
export async function assertTree(guest: Guest): Promise<void> {
  assert.match(await guest.output("timeout 50 cat /run/scst/tree/version"), /3\.11\.0/);
}

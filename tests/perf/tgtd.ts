/** Debian's tgtd as the peer to measure against: one target with one file, on a free port. */
import { freePort } from "../harness/free_port.ts";
import { lunUrl } from "../harness/lun_url.ts";
import { runTool, toolOutput } from "../harness/tools.ts";

/** The name of its target. */
export const PEER_TARGET = "iqn.2026-11.org.example:peer";
/** The number of its control socket: not 0, which the system's tgtd has, and one for each bench. */
const CONTROL = ["-C", String(1 + Deno.pid % 30_000)];
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 10_000;

export interface Peer extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
}

/**
 * Starts tgtd in the foreground and exports files as LUNs from 1 on (its LUN 0 is a controller).
 *
 * @throws Error with tgtd's own words if it does not come up; it wants to be root
 */
export async function startTgtd(...filenames: readonly string[]): Promise<Peer> {
  const port = freePort();
  const child = new Deno.Command("tgtd", {
    args: ["-f", ...CONTROL, "--iscsi", `portal=127.0.0.1:${port}`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = child.stderr.text();
  const iscsi = [...CONTROL, "--lld", "iscsi", "--op"];

  /** tgtd does not heed SIGTERM while it has targets; asked through tgtadm it ends by itself. */
  const stop = async () => {
    await runTool("tgtadm", [...iscsi, "delete", "--mode", "target", "--tid", "1", "--force"]);
    await runTool("tgtadm", [...CONTROL, "--op", "delete", "--mode", "system"]);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await child.status;
    clearTimeout(timer);
    await said;
  };

  try {
    const deadline = performance.now() + START_LIMIT_MS;
    const target = [...iscsi, "new", "--mode", "target", "--tid", "1", "-T", PEER_TARGET];
    while ((await runTool("tgtadm", target)).code !== 0) {
      if (performance.now() > deadline) throw new Error("tgtd does not answer tgtadm");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const [index, filename] of filenames.entries()) {
      const unit = ["--mode", "logicalunit", "--tid", "1", "--lun", String(index + 1)];
      await toolOutput("tgtadm", [...iscsi, "new", ...unit, "-b", filename]);
    }
    await toolOutput("tgtadm", [...iscsi, "bind", "--mode", "target", "--tid", "1", "-I", "ALL"]);
  } catch (error) {
    await stop();
    throw new Error(`tgtd did not start (is this root?): ${await said}`, { cause: error });
  }
  const url = lunUrl({ host: "127.0.0.1", port }, 1, PEER_TARGET);
  return { pid: child.pid, port, url, [Symbol.asyncDispose]: stop };
}

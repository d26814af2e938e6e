/** The floor as the bench sees it: a process of its own. */
import { TextLineStream } from "../../harness/lines.ts";

export interface Floor extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

/** Starts the floor and waits until it listens. */
export async function startFloor(): Promise<Floor> {
  const program = new URL("./serve_floor.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", program],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const { value = "" } = await lines.getReader().read();
  const port = Number(/:(\d+)$/.exec(value)?.[1]);
  const stop = async () => {
    await child.stdin.close();
    await child.status;
  };
  if (Number.isNaN(port)) {
    await stop();
    throw new Error(`The floor has not come up: ${value}`);
  }
  return { pid: child.pid, port, [Symbol.asyncDispose]: stop };
}

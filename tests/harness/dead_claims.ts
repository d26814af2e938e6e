/** What a kill does to the claims on files: tests that play one keep the killed server in their process. */
import { disclaimFile } from "../../ffi/file_claim.ts";

/** Takes the claims away that this process has on a file, as if it had been killed. */
export function dropClaims(path: string): void {
  const { dev, ino } = Deno.statSync(path);
  for (const { name } of [...Deno.readDirSync("/proc/self/fd")]) {
    try {
      const open = Deno.statSync(`/proc/self/fd/${name}`);
      if (open.dev === dev && open.ino === ino) disclaimFile(Number(name));
    } catch {
      // the descriptor that read the directory, or one that leads nowhere
    }
  }
}

/** scst: an iSCSI target in user mode. The command line is in lib/cli. */
import { runCommandLine } from "./lib/cli/program.ts";
import { endAtUncaught } from "./lib/cli/uncaught.ts";

// A Worker's entry module has import.meta.main as well, and in a compiled program that may be this.
if (import.meta.main && !("WorkerGlobalScope" in globalThis)) {
  endAtUncaught();
  // Workers keep a process alive; what had to be stopped is stopped by now.
  Deno.exit(await runCommandLine(Deno.args));
}

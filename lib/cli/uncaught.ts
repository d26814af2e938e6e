/** Exceptions that nobody has caught: bugs that the program does not survive. */
import { bugLine } from "../bug.ts";
import { log } from "../log.ts";

/** EX_SOFTWARE of sysexits(3). */
const SOFTWARE = 70;

/** Has the log told of them, in the form of all bugs, before the end. */
export function endAtUncaught(): void {
  const end = (event: Event, error: unknown) => {
    event.preventDefault();
    log("error", bugLine(error));
    Deno.exit(SOFTWARE);
  };
  globalThis.addEventListener("error", (event) => end(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
}

/** `scst completion`: scripts with which shells complete command lines of scst. */
import { oneOf, quote } from "../config/problem.ts";
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { type CompletionTable, completionTable } from "./completion_table.ts";
import { zshScript } from "./completion_zsh.ts";
import { ExitCode, UsageError } from "./failure.ts";
import { print } from "./output.ts";
import type { AnyVerb, Verb } from "./verb.ts";

const SCRIPTS = new Map<string, (table: CompletionTable) => string>([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);
const SHELLS = [...SCRIPTS.keys()];

/** The verb, for a program that has `verbs`, which it is one of. */
export function completionVerb(verbs: () => readonly AnyVerb[]): Verb {
  return {
    name: "completion",
    summary: `print a script with which ${oneOf(SHELLS)} completes verbs, options and paths`,
    arguments: [{ name: "SHELL", description: oneOf(SHELLS), completion: SHELLS }],
    options: [],
    examples: [
      "scst completion bash > /usr/share/bash-completion/completions/scst",
      "scst completion zsh > /usr/share/zsh/vendor-completions/_scst",
      "scst completion fish > ~/.config/fish/completions/scst.fish",
      "source <(scst completion bash)",
    ],
    run: ({ arguments: [shell = ""] }) => {
      const script = SCRIPTS.get(shell);
      if (script === undefined) {
        throw new UsageError(`SHELL must be ${oneOf(SHELLS)}: current value is ${quote(shell)}`);
      }
      print(script(completionTable(verbs())));
      return ExitCode.OK;
    },
  };
}

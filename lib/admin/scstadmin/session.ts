/** One call of scstadmin: what it works on, what it was told, and what it says. */
import type { TreeClient } from "../tree_client.ts";
import { type Command, execute, type Problem } from "./command.ts";

/** Who made the call. */
export interface Caller {
  /** Takes lines, without the last line break. */
  readonly print: (text: string) => void;
  /** Asks whether to go on. */
  readonly confirm: (question: string) => boolean | Promise<boolean>;
  /** The text of a file. Throws an Error with one sentence. */
  readonly readFile: (path: string) => string;
  /** Replaces a file. Throws an Error with one sentence. */
  readonly writeFile: (path: string, text: string) => void;
}

export interface Flags {
  readonly force?: boolean;
  readonly noPrompt?: boolean;
  readonly continueOnError?: boolean;
  readonly nonKey?: boolean;
}

/** Ends the call, with an exit code of scstadmin's. */
export class Fatal extends Error {
  override readonly name = "Fatal";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export class Session {
  readonly client: TreeClient;
  readonly flags: Flags;
  readonly caller: Caller;

  constructor(client: TreeClient, caller: Caller, flags: Flags = {}) {
    this.client = client;
    this.flags = flags;
    this.caller = caller;
  }

  print(text: string): void {
    this.caller.print(text);
  }

  /** A remark on what is done. */
  say(text: string): void {
    this.print(`\t-> ${text}`);
  }

  /** Something that is not as it should be, but does not stop anything. */
  warn(text: string): void {
    this.say(`WARNING: ${text}\n`);
  }

  /** Executes a command and says so; the problem, if there is one, is not told. */
  async attempt(what: string, command: Command): Promise<Problem | undefined> {
    const problem = await execute(this.client, command);
    this.say(`${what}: ${problem === undefined ? "done." : "failed."}`);
    return problem;
  }

  /** Executes a command, and gives up if it fails. Rejects with Fatal. */
  async must(what: string, command: Command): Promise<void> {
    this.check(await this.attempt(what, command));
  }

  /** Executes a command; when it fails, that is said, and the result is false. */
  async should(what: string, command: Command): Promise<boolean> {
    const problem = await this.attempt(what, command);
    if (problem !== undefined) this.warn(problem.sentence);
    return problem === undefined;
  }

  /** Gives up because of `problem`, if there is one, unless errors are to be survived. Throws Fatal. */
  check(problem: { readonly sentence: string } | undefined): void {
    if (problem === undefined) return;
    if (!this.flags.continueOnError) throw new Fatal(problem.sentence);
    this.print(problem.sentence);
  }

  /** Gives up if `isUsed` and nothing is to be forced. Throws Fatal. */
  refuseIf(isUsed: boolean, why: string): void {
    if (isUsed && !this.flags.force) throw new Fatal(`${why}. Use -force to do it nevertheless`);
  }

  /** Whether the caller wants what cannot be undone. */
  async agrees(): Promise<boolean> {
    if (this.flags.noPrompt) return true;
    const question = "This may take disks away from initiators that use them. Continue (y/[n]) ?";
    if (await this.caller.confirm(question)) return true;
    this.print("Aborting action.");
    return false;
  }
}

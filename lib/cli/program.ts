/** The command line: which verb was asked for, with what, and what the process answers. */
import { Command, CommanderError } from "commander";
import { oneOf } from "../config/problem.ts";
import { configureLog, log } from "../log.ts";
import { ADMIN } from "./admin.ts";
import { APPLY, RELOAD, SAVE } from "./apply.ts";
import { CHECK } from "./check.ts";
import { completionVerb } from "./completion.ts";
import { DOCTOR } from "./doctor.ts";
import { EXPORT, IMPORT } from "./convert.ts";
import { DEMO } from "./demo.ts";
import { DEVICE_VERBS } from "./everyday/device.ts";
import { GROUP_VERBS } from "./everyday/group.ts";
import { LUN_VERBS } from "./everyday/lun.ts";
import { SESSION_VERBS } from "./everyday/session.ts";
import { TARGET_VERBS } from "./everyday/target.ts";
import { ExitCode, reportFailure, UsageError } from "./failure.ts";
import { print } from "./output.ts";
import { SERVE } from "./serve.ts";
import { STAT } from "./stat.ts";
import { STATUS } from "./status.ts";
import { TOP } from "./top.ts";
import { TREE } from "./tree.ts";
import type { AnyVerb, Verb, VerbatimVerb } from "./verb.ts";
import { VERSION, versionText } from "./version.ts";
import { WHY } from "./why.ts";

/** All that the program can be asked for, in the order of the help. */
export const VERBS: readonly AnyVerb[] = [
  DEMO,
  SERVE,
  CHECK,
  DOCTOR,
  STATUS,
  STAT,
  TOP,
  WHY,
  DEVICE_VERBS,
  TARGET_VERBS,
  LUN_VERBS,
  GROUP_VERBS,
  SESSION_VERBS,
  APPLY,
  RELOAD,
  SAVE,
  TREE,
  ADMIN,
  IMPORT,
  EXPORT,
  completionVerb(() => VERBS),
  VERSION,
];
const NAMES = oneOf(VERBS.map(({ name }) => name));
const ADVICE = 'run "scst help" or "scst help VERB"';

/** Runs the verb that `args` name and returns the exit code; problems are logged. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  configureLog();
  const verbatim = verbatimIn(args);
  if (verbatim !== undefined) return await runVerbatim(verbatim, args);
  let code: ExitCode = ExitCode.OK;
  const program = createProgram();
  for (const verb of VERBS) addVerb(program, verb, (result) => code = result);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error);
    if (error.exitCode === 0) return ExitCode.OK;
    // The package answers a missing or unknown verb with its help, which is no sentence.
    if (error.code === "commander.help") log("error", `Name ${NAMES}; ${ADVICE}`);
    return ExitCode.USAGE;
  }
}

/** The verb of `args` that has words of its own, or that help is asked for of. */
function verbatimIn([first, second]: readonly string[]): VerbatimVerb | undefined {
  const name = first === "help" ? second : first;
  const found = VERBS.find((verb) => verb.name === name);
  return found !== undefined && "runWords" in found ? found : undefined;
}

async function runVerbatim(verb: VerbatimVerb, args: readonly string[]): Promise<number> {
  try {
    return await verb.runWords(args[0] === verb.name ? args.slice(1) : [verb.help]);
  } catch (error) {
    return reportFailure(error);
  }
}

function createProgram(): Command {
  return new Command("scst")
    .description("An iSCSI target in user mode, with the semantics of SCST.")
    .version(versionText(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [verb]", "print help, with examples, for a verb")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: () => {},
      outputError: (text) => log("error", `${sentence(text)}; ${ADVICE}`),
    });
}

/** The package's `error: something.` as the log words it. */
function sentence(text: string): string {
  const bare = text.trim().replace(/^error: /, "").replace(/\.$/, "");
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}

function addVerb(program: Command, verb: AnyVerb, done: (code: ExitCode) => void): void {
  const command = program.command(verb.name).description(verb.summary);
  // Only for the list of verbs: it is not left to the package.
  if ("runWords" in verb) return;
  if ("actions" in verb) {
    for (const action of verb.actions) addVerb(command, action, done);
    addExamples(command, verb.actions.flatMap(({ examples }) => examples));
    const names = oneOf(verb.actions.map(({ name }) => name));
    command.helpCommand(false).exitOverride((error) => {
      if (error.code !== "commander.help" || error.exitCode === 0) throw error;
      throw new UsageError(`Name ${names} after ${verb.name}; run "scst help ${verb.name}"`);
    });
    return;
  }
  for (const { name, description, isOptional, isRepeated } of verb.arguments) {
    const text = isRepeated ? `${name}...` : name;
    command.argument(isOptional ? `[${text}]` : `<${text}>`, description);
  }
  for (const { name, short, value, description, required } of verb.options) {
    const note = required ? " (required)" : "";
    const flags = `${short === undefined ? "" : `-${short}, `}--${name}`;
    command.option(value === undefined ? flags : `${flags} <${value}>`, description + note);
  }
  addExamples(command, verb.examples);
  command.action(async () => {
    const given = command.opts<Record<string, string | true>>();
    const options = new Map(verb.options.flatMap(({ name }) => {
      const value = given[camelCase(name)];
      return value === undefined ? [] : [[name, String(value)] as const];
    }));
    checkRequired(verb, options);
    done(await verb.run({ options, arguments: command.args }));
  });
}

function addExamples(command: Command, examples: readonly string[]): void {
  const lines = examples.map((example) => `  ${example}`);
  command.addHelpText("after", ["", "Examples:", ...lines].join("\n"));
}

/** `read-only` is `readOnly` to the package. */
function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The package would tell of a missing option before it tells of the one that is misspelled. */
function checkRequired(verb: Verb, options: ReadonlyMap<string, string>): void {
  for (const { name, value, required } of verb.options) {
    if (required && !options.has(name)) {
      throw new UsageError(`Option --${name} <${value}> is missing; ${ADVICE}`);
    }
  }
}

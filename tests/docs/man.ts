/** The manual pages, of which the verbs are the tables of the command line. */
import { VERBS } from "../../lib/cli/program.ts";
import type { AnyVerb, Verb } from "../../lib/cli/verb.ts";
import { example, item, page, paragraph, section, subsection } from "./roff.ts";

/** Where each page is, and what makes it. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/man/scst.8": scst8,
};

function scst8(): string {
  return page("scst", 8, "System Administration", [
    section("NAME", "scst \\- iSCSI target in user mode, with the semantics of SCST"),
    section("SYNOPSIS", paragraph("scst VERB [ARGUMENT...] [OPTION...]")),
    section(
      "DESCRIPTION",
      paragraph(
        "Serves files and block devices as SCSI disks over TCP, as an ordinary process and without a\n" +
          'kernel module. "scst serve" is the server; the other verbs ask or change a server that\n' +
          "runs, through its control socket, or work on configurations.",
      ),
      paragraph('"scst help VERB" says the same of one verb.'),
    ),
    section("VERBS", ...VERBS.flatMap(verbBlocks)),
    section(
      "EXIT STATUS",
      item("0", "What was asked for was done."),
      item("1", "It failed; the log says why."),
      item("2", "The command line was wrong."),
      item("3", "What was asked about is not allowed (scst why)."),
      item("4", "There is no server that could be asked."),
      paragraph('"scst admin" has the exit codes of scstadmin.'),
    ),
    section(
      "SIGNALS",
      item("SIGHUP", "scst serve reads its configuration again and applies what differs."),
      item(
        "SIGTERM, SIGINT",
        "scst serve asks initiators to log out, closes the sessions of those who do not, flushes\n" +
          "every device and ends.",
      ),
    ),
    section(
      "ENVIRONMENT",
      item("SCST_CONTROL", "The control socket, where --socket or --control is not given."),
      item("SCST_TREE", 'Where the management tree is mounted, or "none".'),
      item("STATE_DIRECTORY", "The state directory, where --state is not given."),
    ),
    section(
      "FILES",
      item("/etc/scst/scst.yaml", "The configuration, see scst.yaml(5)."),
      item("/var/lib/scst", "Ids of devices, reservations, saved mode pages, atomic writes."),
      item("/run/scst/control", "The control socket."),
      item("/run/scst/tree", "The management tree, if that directory is there."),
    ),
    section("SEE ALSO", paragraph("scst.yaml(5), iscsiadm(8)")),
  ]);
}

function verbBlocks(verb: AnyVerb): string[] {
  if ("actions" in verb) {
    return [
      subsection(`scst ${verb.name}`, paragraph(sentence(verb.summary))),
      ...verb.actions.flatMap((action) => actionBlocks(action, `${verb.name} ${action.name}`)),
    ];
  }
  if ("runWords" in verb) {
    return [
      subsection(`scst ${verb.name}`, paragraph(sentence(verb.summary))),
      ...verb.words.map(({ text, description }) => item(text, sentence(description))),
    ];
  }
  return actionBlocks(verb, verb.name);
}

function actionBlocks(verb: Verb, name: string): string[] {
  const words = verb.arguments.map((argument) => {
    const text = argument.isRepeated ? `${argument.name}...` : argument.name;
    return argument.isOptional ? `[${text}]` : text;
  });
  const described = verb.arguments.map((one) => item(one.name, sentence(one.description)));
  const options = verb.options.map(({ name, short, value, description, required }) => {
    const flag = `${short === undefined ? "" : `-${short}, `}--${name}`;
    const note = required ? " (required)" : "";
    return item(value === undefined ? flag : `${flag} ${value}`, sentence(description + note));
  });
  return [
    subsection(["scst", name, ...words].join(" "), paragraph(sentence(verb.summary))),
    ...described,
    ...options,
    example(verb.examples),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

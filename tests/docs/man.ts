/** The manual pages, of which the verbs are the tables of the command line. */
import { PLACES_OF } from "../../ffi/places.ts";
import { VERBS } from "../../lib/cli/program.ts";
import type { AnyVerb, Verb } from "../../lib/cli/verb.ts";
import { example, item, page, paragraph, section, subsection } from "./roff.ts";
import { SECTIONS } from "./yaml_keys.ts";

/** Where each page is, and what makes it. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/man/scst.8": scst8,
  "docs/man/scst.yaml.5": scstYaml5,
};

const EXAMPLE = [
  "portals: [10.0.0.1:3260]",
  "devices:",
  "  disk1: { handler: vdisk_fileio, filename: /srv/disk1.img, thin_provisioned: true }",
  "targets:",
  "  iqn.2026-11.org.example:disk1:",
  "    IncomingUser: { joe: twelve or more }",
  "    luns: { 0: disk1 }",
];

function scstYaml5(): string {
  return page("scst.yaml", 5, "File Formats", [
    section("NAME", "scst.yaml \\- what scst serves"),
    section(
      "DESCRIPTION",
      paragraph(
        "YAML 1.2 without tags and merge keys. Keys have the names of the attributes of SCST. A key\n" +
          'that is not known, and a value that is not allowed, are mistakes: "scst check" says file,\n' +
          'line and key of each, and nothing is changed. "scst save" keeps comments.',
      ),
      example(EXAMPLE),
      item(
        "portals",
        "Where it listens (required): a list of ADDRESS:PORT, [IPV6]:PORT or an address alone for\n" +
          "port 3260; 0.0.0.0 and [::] are all addresses.",
      ),
    ),
    ...SECTIONS.map(({ title, intro, rows, kept }) =>
      section(
        title,
        paragraph(intro),
        ...rows.map(([key, text, { allowed, fallback, required }]) => {
          const value = allowed === undefined ? "" : `\nValue: ${allowed}.`;
          return item(key, `${sentence(text)}${value}${describeFallback(fallback, required)}`);
        }),
        ...(kept.length === 0 ? [] : [paragraph(
          `Taken for the sake of configurations of SCST, shown and saved, but of no effect here:\n` +
            `${kept.join(", ")}.`,
        )]),
      )
    ),
    section("SEE ALSO", paragraph("scst(8)")),
  ]);
}

/** What holds where a key is not there, if that is a value. */
function describeFallback(fallback: unknown, required = false): string {
  if (required) return "\nIt is required.";
  if (Array.isArray(fallback) && fallback.length > 0) return `\nDefault: ${fallback.join(", ")}.`;
  return typeof fallback === "object" || fallback === undefined ? "" : `\nDefault: ${fallback}.`;
}

function scst8(): string {
  const { config, state, control, tree } = PLACES_OF.freebsd;
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
      item("SCST_FUSE_BROKER", "The socket of who mounts the tree for a server that may not."),
      item("STATE_DIRECTORY", "The state directory, where --state is not given (systemd.exec(5))."),
      item(
        "XDG_RUNTIME_DIR, XDG_STATE_HOME, HOME",
        "Where the control socket and the state of ordinary users are: in scst/ below the first two,\n" +
          "and without the second in .local/state/scst below the third.",
      ),
      item(
        "SCST_PORTABLE",
        "1 has the poller and the storage path of systems other than Linux used, for tests.",
      ),
      item("SCST_REPLIES", "How answers leave, for measurements (docs/performance/model.md)."),
      item(
        "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, JOURNAL_STREAM",
        "What systemd says of itself (sd_notify(3), systemd.exec(5)).",
      ),
    ),
    section(
      "FILES",
      item("/etc/scst/scst.yaml", "The configuration, see scst.yaml(5)."),
      item("/var/lib/scst", "Ids of devices, reservations, saved mode pages, atomic writes."),
      item("/run/scst/control", "The control socket."),
      item("/run/scst/tree", "The management tree, if that directory is there."),
      paragraph(
        `On FreeBSD: ${[config, state, control, tree].join(", ")}.`,
      ),
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

/** The parts of docs/ that are made from the tables of the code, by the names of their marks. */
import { SECURITY_STATES } from "../../lib/iscsi/chap_states.ts";
import { CONNECTION_STATES } from "../../lib/iscsi/connection_states.ts";
import { CommandFault, ConnectionFault, LoginFault, RequestFault } from "../../lib/iscsi/faults.ts";
import { LOGIN_STAGES } from "../../lib/iscsi/login_stages.ts";
import { nameOfLoginStatus } from "../../lib/iscsi/login_status.ts";
import { nameOfRejectReason } from "../../lib/iscsi/reject_reason.ts";
import { SESSION_STATES } from "../../lib/iscsi/session_states.ts";
import type { StateModel } from "../../lib/iscsi/state_table.ts";
import { sampleName } from "../../lib/metrics/exposition.ts";
import { METRICS } from "../../lib/metrics/families.ts";
import { nameOfSense } from "../../lib/scsi/sense.ts";
import { STAGES } from "../../lib/scsi/stage.ts";
import { markdownTable } from "./table.ts";

const code = (text: string) => `\`${text}\``;

function statesBlock<State extends string, Event extends string>(
  { states, events }: StateModel<State, Event>,
): string {
  const rows = Object.entries<{ is: string; on: Readonly<Partial<Record<Event, State>>> }>(states);
  const steps = rows.flatMap(([state, { on }]) =>
    Object.entries<State>(on as Record<Event, State>)
      .map(([event, next]) => [code(state), code(event), code(next)])
  );
  return [
    markdownTable(["State", "What it is like"], rows.map(([state, { is }]) => [code(state), is])),
    markdownTable(
      ["Event", "What happens"],
      Object.entries<string>(events).map(([event, says]) => [code(event), says]),
    ),
    markdownTable(["In the state", "with the event", "the next state is"], steps),
  ].join("\n\n");
}

/** A sense code as initiators show it: key/asc/ascq. */
function senseCode(sense: number): string {
  return sense.toString(16).padStart(6, "0").replace(/(..)(..)(..)/, "$1/$2/$3");
}

/** The blocks of each document, by the names of their marks. */
export const BLOCKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/command-stages.md": {
    stages: markdownTable(
      ["Stage", "In it, the command"],
      STAGES.map(({ name, what }) => [code(name), what]),
    ),
  },
  "docs/metrics.md": {
    metrics: markdownTable(
      ["Metric", "Type", "What it says"],
      METRICS.map(({ name, type, help }) => [code(sampleName({ name, type })), type, help]),
    ),
  },
  "docs/iscsi-states.md": {
    connection: statesBlock(CONNECTION_STATES.model),
    session: statesBlock(SESSION_STATES.model),
    login: statesBlock(LOGIN_STAGES.model),
    security: statesBlock(SECURITY_STATES),
  },
  "docs/iscsi-errors.md": {
    login: markdownTable(
      ["The log says", "Status", "RFC 7143"],
      Object.values(LoginFault).map(({ says, status, section }) => [
        says,
        nameOfLoginStatus(status),
        section,
      ]),
    ),
    request: markdownTable(
      ["The log says", "Reason of the Reject", "The connection", "RFC 7143"],
      Object.values(RequestFault).map(({ says, reason, ends, section }) => [
        says,
        nameOfRejectReason(reason),
        ends ? "is dropped" : "goes on",
        section,
      ]),
    ),
    command: markdownTable(
      ["The log says", "Sense", "RFC 7143"],
      Object.values(CommandFault).map(({ says, sense, section }) => [
        says,
        `${nameOfSense(sense)} (${senseCode(sense)})`,
        section,
      ]),
    ),
    connection: markdownTable(
      ["The log says", "RFC 7143"],
      Object.values(ConnectionFault).map(({ says, section }) => [says, section]),
    ),
  },
};

/** The command that writes the blocks into the documents. */
export const COMMAND = "deno run -A tests/docs/write.ts";

/** A document with its blocks as they have to be; says which mark is missing. */
export function withBlocks(text: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((page, [name, block]) => {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const from = page.indexOf(begin);
    const to = page.indexOf(end);
    if (from < 0 || to < from) throw new RangeError(`The document has no ${begin} ... ${end}`);
    return `${page.slice(0, from)}${begin}\n\n${block}\n\n${page.slice(to)}`;
  }, text);
}

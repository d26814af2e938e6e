/** `sessions/` of a target: who is logged in, what was negotiated, and what goes on. */
import type { Administration } from "./administration.ts";
import { resettableStatistics } from "./counters.ts";
import type { SessionView } from "./engine.ts";
import { latencyDirectory } from "./latency_tree.ts";
import { directory, type Entries, type FoundEntries, link, readable, writable } from "./nodes.ts";
import type { TreeDirectory } from "./tree.ts";

export function sessionsDirectory(administration: Administration, target: string): TreeDirectory {
  const { sessionNames } = administration;
  const sessions = () => administration.sessionsOf(target);
  return directory({}, {
    names: () => sessionNames.of(target, sessions()).keys(),
    lookup: (name) => {
      const session = sessionNames.find(target, name, sessions());
      return session && sessionDirectory(administration, session);
    },
  });
}

/** The parameters that were negotiated, as the tree writes them. */
function parameterTexts({ parameters }: SessionView): [name: string, value: string | number][] {
  const yesNo = (value: boolean) => value ? "Yes" : "No";
  const digest = (value: boolean) => value ? "CRC32C" : "None";
  return [
    ["InitialR2T", yesNo(parameters.initialR2T)],
    ["ImmediateData", yesNo(parameters.immediateData)],
    ["MaxRecvDataSegmentLength", parameters.maxRecvDataSegmentLength],
    ["MaxXmitDataSegmentLength", parameters.maxXmitDataSegmentLength],
    ["MaxBurstLength", parameters.maxBurstLength],
    ["FirstBurstLength", parameters.firstBurstLength],
    ["MaxOutstandingR2T", parameters.maxOutstandingR2T],
    ["HeaderDigest", digest(parameters.headerDigest)],
    ["DataDigest", digest(parameters.dataDigest)],
  ];
}

function sessionDirectory(administration: Administration, session: SessionView): TreeDirectory {
  const { sid, initiator, group, connections } = session;
  const live = (count: (state: SessionView) => number) =>
    readable(async () => {
      const state = await administration.engine.session(sid);
      return `${state === undefined ? 0 : count(state)}\n`;
    });
  const negotiated = parameterTexts(session).map(([name, value]) =>
    [name, () => readable(() => `${value}\n`)] as const
  );
  return directory({
    initiator_name: () => readable(() => `${initiator}\n`),
    commands: () => live(({ commands }) => commands),
    active_commands: () => live(({ activeCommands }) => activeCommands),
    latency: () => latencyDirectory(administration, sid),
    force_close: () => writable(() => administration.closeSession(sid)),
    luns: () => link(group === undefined ? "../../luns" : `../../ini_groups/${group}/luns`),
    sid: () => readable(() => `${sid}\n`),
    reinstating: () => readable(() => "0\n"),
    thread_pid: () => readable(() => `${Deno.pid}\n`),
    ...resettableStatistics(
      async () => (await administration.engine.session(sid))?.counters,
      (direction) => administration.resetCounters(sid, direction),
    ),
    ...Object.fromEntries(negotiated),
    ...Object.fromEntries(
      connections.map((connection) => [
        addressName(connection.initiatorIp),
        () => connectionDirectory(connection),
      ]),
    ),
  }, unitsOf(administration, session));
}

/** An address as the name of a directory. */
function addressName(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

function connectionDirectory(
  { cid, initiatorIp, targetIp, state }: SessionView["connections"][number],
): TreeDirectory {
  const entries: Entries = {
    cid: () => readable(() => String(cid)),
    ip: () => readable(() => `${initiatorIp}\n`),
    target_ip: () => readable(() => `${targetIp}\n`),
    state: () => readable(() => state === "closing" ? "closing" : "established idle "),
    transport: () => readable(() => "iSCSI-TCP\n"),
  };
  return directory(entries);
}

/** `lun0` and so on: what each LUN of the session does. */
function unitsOf(
  administration: Administration,
  { sid, target = "", group }: SessionView,
): FoundEntries {
  const luns = () => administration.lunsOf(target, group).map(({ lun }) => lun);
  return {
    names: () => luns().map((lun) => `lun${lun}`),
    lookup: (name) => {
      const lun = luns().find((one) => name === `lun${one}`);
      if (lun === undefined) return undefined;
      return directory({
        active_commands: () =>
          readable(async () => {
            const state = await administration.engine.session(sid);
            const unit = state?.luns.find((one) => one.lun === lun);
            return `${unit?.activeCommands ?? 0}\n`;
          }),
        thread_index: () => readable(() => "0\n"),
        thread_pid: () => readable(() => `${Deno.pid}\n`),
      });
    },
  };
}

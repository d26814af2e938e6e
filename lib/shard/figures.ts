/**
 * What a shard has counted and measured, as plain data: one message has all of it. It grows with the
 * sessions and LUNs that were used, and not with what they do.
 */
import type { LoginCounts } from "../iscsi/login_counts.ts";
import type { Session } from "../iscsi/session.ts";
import { sidOf } from "../iscsi/session_view.ts";
import type { FiguresView } from "../scst/command_figures.ts";
import type { MemoryView } from "./messages.ts";
import type { Shard } from "./shard.ts";

/** What a LUN did, whether for one session or for those that have ended. */
export interface LunFigures {
  readonly lun: number;
  readonly device: string;
  readonly figures: FiguresView;
}

export interface SessionFigures {
  readonly sid: string;
  readonly target: string;
  readonly initiator: string;
  /** Commands that are under way. */
  readonly commands: number;
  /** The LUNs that it has used, with the commands that are under way there. */
  readonly luns: readonly (LunFigures & { readonly commands: number })[];
}

export interface ShardFigures {
  /** Milliseconds by which the last tick of the loop was late, and the latest of the last minute. */
  readonly loopDelay: number;
  readonly worstLoopDelay: number;
  readonly memory: MemoryView;
  /** Connections, with those that have not logged in. */
  readonly connections: number;
  /** Requests to storage that are not finished, and the threads that work on them. */
  readonly storageRequests: number;
  readonly storageThreads: number;
  readonly loginsAccepted: number;
  readonly loginsRefused: Readonly<Record<string, number>>;
  /** Normal sessions. */
  readonly sessions: readonly SessionFigures[];
  /** What sessions did that have ended, by target. */
  readonly ended: readonly (LunFigures & { readonly target: string })[];
}

/** What there is to tell now. */
export function figuresOf(shard: Shard): ShardFigures {
  const { node, loop: { lateness }, pool } = shard;
  const { accepted, refused }: LoginCounts = node.logins;
  return {
    loopDelay: lateness.last,
    worstLoopDelay: lateness.worst,
    memory: shard.memoryView,
    connections: shard.connections,
    storageRequests: pool.pending,
    storageThreads: pool.workers,
    loginsAccepted: accepted,
    loginsRefused: Object.fromEntries(refused),
    sessions: Array.from(node.sessions).filter(({ isDiscovery }) => !isDiscovery).map(sessionOf),
    ended: Array.from(node.targets).flatMap(({ name, totals }) =>
      Array.from(totals.all, ({ lun, device, figures }) => ({
        target: name,
        lun,
        device,
        figures: figures.view,
      }))
    ),
  };
}

function sessionOf(session: Session): SessionFigures {
  const commands = new Map<number, number>();
  for (const { lun } of session.tasks.values()) commands.set(lun, (commands.get(lun) ?? 0) + 1);
  const units = [...session.nexus!.units.values()];
  return {
    sid: sidOf(session),
    target: session.target!.name,
    initiator: session.nameForGroups,
    commands: session.tasks.size,
    luns: units.flatMap(({ lun, disk, figures }) =>
      figures === undefined ? [] : [{
        lun,
        device: disk.settings.name,
        commands: commands.get(lun) ?? 0,
        figures: figures.view,
      }]
    ).toSorted((one, other) => one.lun - other.lun),
  };
}

/** What a shard has counted and measured, as main has it: put together from what figures_walk.ts tells. */
import { FIGURES_LENGTH, type FiguresView, viewOfFigures } from "../scst/command_figures.ts";
import type { MemoryView } from "./messages.ts";

/** What a LUN did, whether for one session or for those that have ended. */
export interface LunFigures {
  readonly lun: number;
  readonly device: string;
  readonly figures: FiguresView;
}

/** What is told of a session itself. */
export interface SessionHead {
  readonly sid: string;
  readonly target: string;
  readonly initiator: string;
  /** Commands that are under way. */
  readonly commands: number;
  /** Milliseconds in which answers waited for the initiator or the network to take them. */
  readonly sendWait: number;
}

export interface SessionFigures extends SessionHead {
  /** The LUNs that it has used, with the commands that are under way there. */
  readonly luns: readonly (LunFigures & { readonly commands: number })[];
}

/** What is told of the shard itself. */
export interface ShardHead {
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
}

export interface ShardFigures extends ShardHead {
  /** Normal sessions. */
  readonly sessions: readonly SessionFigures[];
  /** What sessions did that have ended, by target. */
  readonly ended: readonly (LunFigures & { readonly target: string })[];
}

/** Some of the sessions, of the LUNs that they have used, and of what those did that have ended. */
export interface FiguresPart {
  readonly sessions: readonly SessionHead[];
  readonly units: readonly {
    readonly sid: string;
    readonly lun: number;
    readonly device: string;
    readonly commands: number;
  }[];
  readonly ended: readonly {
    readonly target: string;
    readonly lun: number;
    readonly device: string;
  }[];
  /** Units, by their place in all parts, whose figures are in those of `ended` here. */
  readonly absorbed: readonly number[];
  /** The figures of `units` and then of `ended`, as CommandFigures.copyTo() puts them. */
  readonly values: Float64Array;
}

/** All that a shard has told. */
export function joinFigures(parts: readonly FiguresPart[], head: ShardHead): ShardFigures {
  const absorbed = new Set(parts.flatMap(({ absorbed }) => absorbed));
  const luns = new Map<string, SessionFigures["luns"][number][]>();
  const ended: ShardFigures["ended"][number][] = [];
  let place = 0;
  for (const part of parts) {
    const { units, values } = part;
    for (const { sid } of part.sessions) luns.set(sid, []);
    for (const [index, { sid, ...unit }] of units.entries()) {
      if (absorbed.has(place++)) continue;
      luns.get(sid)!.push({ ...unit, figures: figuresAt(values, index) });
    }
    for (const [index, lun] of part.ended.entries()) {
      ended.push({ ...lun, figures: figuresAt(values, units.length + index) });
    }
  }
  const byNumber = (one: LunFigures, other: LunFigures) => one.lun - other.lun;
  return {
    ...head,
    sessions: parts.flatMap(({ sessions }) => sessions)
      .map((session) => ({ ...session, luns: luns.get(session.sid)!.sort(byNumber) })),
    ended,
  };
}

function figuresAt(values: Float64Array, index: number): FiguresView {
  return viewOfFigures(values.subarray(index * FIGURES_LENGTH, (index + 1) * FIGURES_LENGTH));
}

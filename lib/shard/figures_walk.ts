/**
 * Tells what a shard has counted and measured, a part in each turn of the loop: with thousands of sessions
 * and LUNs all of it at once would hold up their commands. It grows with the sessions and LUNs, and not
 * with what they do.
 */
import { BUG_MET } from "../bug.ts";
import type { Node } from "../iscsi/node.ts";
import type { Session } from "../iscsi/session.ts";
import { sidOf } from "../iscsi/session_view.ts";
import { type CommandFigures, FIGURES_LENGTH } from "../scst/command_figures.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import type { FiguresEnd, FiguresPart, SessionHead, ShardHead } from "./figures.ts";
import type { Done } from "./operation_error.ts";
import type { Shard } from "./shard.ts";

/** Sessions and LUNs that are looked at for one part: some tens of microseconds. */
export const LOOKS_MOST = 64;

/** A unit whose figures were told, and those figures. */
interface Told {
  readonly session: Session;
  readonly unit: LogicalUnit;
  readonly figures: CommandFigures;
  readonly commands: number;
}

export class FiguresWalk {
  #node: Node;
  #looks: Iterator<Session | Told | undefined>;
  #sessions: Session[] = [];
  #units: Told[] = [];

  constructor(node: Node) {
    this.#node = node;
    this.#looks = looksAt(node);
  }

  /** The next part; undefined behind the last one. */
  next(): FiguresPart | undefined {
    const sessions: Session[] = [];
    const units: Told[] = [];
    let isOver = false;
    for (let looks = 0; looks < LOOKS_MOST && !isOver; looks++) {
      const { done, value } = this.#looks.next();
      isOver = done === true;
      if (value === undefined) continue;
      if ("unit" in value) units.push(value);
      else sessions.push(value);
    }
    if (isOver && sessions.length + units.length === 0) return undefined;
    this.#sessions.push(...sessions);
    this.#units.push(...units);
    return {
      sessions: sessions.map(headOf),
      units: units.map(({ session, unit: { lun, disk }, commands }) => ({
        sid: sidOf(session),
        lun,
        device: disk.settings.name,
        commands,
      })),
      values: valuesOf(units),
    };
  }

  /**
   * What is told behind the last part. Figures of units that have left their nexus since they were told
   * are among those that have ended by now: they must not be counted twice.
   */
  end(head: ShardHead): FiguresEnd {
    const ended = Array.from(this.#node.targets).flatMap(({ name, totals }) =>
      Array.from(totals.all, ({ lun, device, figures }) => ({ target: name, lun, device, figures }))
    );
    return {
      head,
      endedSessions: this.#sessions.filter(({ isEnded }) => isEnded).map(sidOf),
      endedUnits: this.#units.flatMap(({ unit, figures }, place) =>
        unit.figures === figures ? [] : [place]
      ),
      ended: ended.map(({ target, lun, device }) => ({ target, lun, device })),
      values: valuesOf(ended),
    };
  }
}

/** Tells all of it: `part` hears of the parts, one in a turn, and `done` of the end. */
export function tellFigures(
  shard: Shard,
  part: (part: FiguresPart) => void,
  done: Done<FiguresEnd>,
): void {
  const walk = new FiguresWalk(shard.node);
  const step = () => {
    const next = walk.next();
    if (next === undefined) return done(undefined, walk.end(headOfShard(shard)));
    part(next);
    shard.loop.after(0, laterStep);
  };
  const laterStep = () => {
    try {
      step();
    } catch (error) {
      done(BUG_MET);
      throw error;
    }
  };
  step();
}

/** Each normal session and then its units, as far as they were used; undefined is one that was not. */
function* looksAt(node: Node): Generator<Session | Told | undefined> {
  for (const session of node.sessions) {
    const { nexus, tasks } = session;
    if (nexus === undefined) continue;
    const commands = new Map<number, number>();
    for (const { lun } of tasks.values()) commands.set(lun, (commands.get(lun) ?? 0) + 1);
    yield session;
    for (const unit of nexus.units.values()) {
      const { figures, lun } = unit;
      if (figures === undefined) yield undefined;
      else yield { session, unit, figures, commands: commands.get(lun) ?? 0 };
    }
  }
}

function headOf(session: Session): SessionHead {
  return {
    sid: sidOf(session),
    target: session.target!.name,
    initiator: session.nameForGroups,
    commands: session.tasks.size,
    sendWait: session.unsent.waited(performance.now()),
  };
}

function headOfShard(shard: Shard): ShardHead {
  const { node: { logins }, loop: { lateness }, pool } = shard;
  return {
    loopDelay: lateness.last,
    worstLoopDelay: lateness.worst,
    memory: shard.memoryView,
    connections: shard.connections,
    storageRequests: pool.pending,
    storageThreads: pool.workers,
    loginsAccepted: logins.accepted,
    loginsRefused: Object.fromEntries(logins.refused),
  };
}

function valuesOf(some: readonly { readonly figures: CommandFigures }[]): Float64Array {
  const values = new Float64Array(some.length * FIGURES_LENGTH);
  for (const [index, { figures }] of some.entries()) figures.copyTo(values, index * FIGURES_LENGTH);
  return values;
}

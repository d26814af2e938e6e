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
import type { LunTotal } from "../scst/lun_totals.ts";
import type { FiguresPart, SessionHead, ShardHead } from "./figures.ts";
import type { Done } from "./operation_error.ts";
import type { Shard } from "./shard.ts";

/** Sessions and LUNs that are looked at for one part: some tens of microseconds. */
export const LOOKS_MOST = 64;

/** A unit whose figures were told, in which place of all, and those figures. */
interface Told {
  readonly session: Session;
  readonly unit: LogicalUnit;
  readonly figures: CommandFigures;
  readonly commands: number;
}

/** What sessions did at a LUN that have ended. */
interface Ended extends LunTotal {
  readonly target: string;
}

export class FiguresWalk {
  #looks: Iterator<Look>;
  #count = 0;
  /** Those that were told, with their places, by LUN. */
  #told = new Map<string, (Told & { readonly place: number })[]>();

  constructor(node: Node) {
    this.#looks = looksAt(node);
  }

  /** The next part; undefined behind the last one. */
  next(): FiguresPart | undefined {
    const sessions: Session[] = [];
    const units: Told[] = [];
    const ended: Ended[] = [];
    let isOver = false;
    let looks = 0;
    for (; looks < LOOKS_MOST && !isOver; looks++) {
      const { done, value } = this.#looks.next();
      isOver = done === true;
      if (value === undefined) continue;
      if ("unit" in value) units.push(value);
      else if ("figures" in value) ended.push(value);
      else sessions.push(value);
    }
    if (isOver && looks === 1) return undefined;
    for (const told of units) this.#note(told);
    return {
      sessions: sessions.map(headOf),
      units: units.map(({ session, unit: { lun, disk }, commands }) => ({
        sid: sidOf(session),
        lun,
        device: disk.settings.name,
        commands,
      })),
      ended: ended.map(({ target, lun, device }) => ({ target, lun, device })),
      absorbed: ended.flatMap((total) => this.#absorbedBy(total)),
      values: valuesOf([...units, ...ended]),
    };
  }

  #note(told: Told): void {
    const { session, unit: { lun, disk } } = told;
    const key = keyOf(session.target!.name, lun, disk.settings.name);
    const row = { ...told, place: this.#count++ };
    const rows = this.#told.get(key);
    if (rows === undefined) this.#told.set(key, [row]);
    else rows.push(row);
  }

  /**
   * Units that have left their nexus since they were told: they are in what is told now, and must not be
   * counted twice. Those that leave later are not.
   */
  #absorbedBy({ target, lun, device }: Ended): number[] {
    const rows = this.#told.get(keyOf(target, lun, device)) ?? [];
    return rows.flatMap(({ unit, figures, place }) => unit.figures === figures ? [] : [place]);
  }
}

function keyOf(target: string, lun: number, device: string): string {
  return `${target} ${lun} ${device}`;
}

/** Tells all of it: `part` hears of the parts, one in a turn, and `done` of the end. */
export function tellFigures(
  shard: Shard,
  part: (part: FiguresPart) => void,
  done: Done<ShardHead>,
): void {
  const walk = new FiguresWalk(shard.node);
  const step = () => {
    const next = walk.next();
    if (next === undefined) return done(undefined, headOfShard(shard));
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

type Look = Session | Told | Ended | undefined;

/** Each normal session with its units, then what has ended; undefined is one that was not used. */
function* looksAt(node: Node): Generator<Look> {
  for (const session of node.sessions) {
    const { nexus, tasks } = session;
    if (nexus === undefined) continue;
    const commands = new Map<number, number>();
    for (const { lun } of tasks.values()) commands.set(lun, (commands.get(lun) ?? 0) + 1);
    yield session;
    for (const unit of nexus.units.values()) {
      const { figures, lun } = unit;
      const isUsed = figures !== undefined && !session.isEnded;
      yield isUsed ? { session, unit, figures, commands: commands.get(lun) ?? 0 } : undefined;
    }
  }
  for (const { name, totals } of node.targets) {
    for (const total of totals.all) {
      yield total.figures.isUsed ? { target: name, ...total } : undefined;
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

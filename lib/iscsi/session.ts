/** A session in the full feature phase (RFC 7143 4.2, 4.3): its connection, its tasks, its answers' numbers. */
import { bugLine } from "../bug.ts";
import { chooseLuns, type GroupMatch, type LunChoice, ruleOf } from "../scst/initiator_group.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import type { LunSet } from "../scst/lun_set.ts";
import { formatPortal, TARGET_DEFAULTS, type TargetAttributes } from "../scst/model.ts";
import { type AbortOptions, Nexus, type NexusTransport } from "../scst/nexus.ts";
import type { Target } from "../scst/target.ts";
import type { TargetPort } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { sendDropNotice, sendLogoutRequest, sendScsiEvent } from "./async_message.ts";
import { EXP_CMD_SN, MAX_CMD_SN, STAT_SN } from "./bhs.ts";
import { type Caller, nameForGroups } from "./admission.ts";
import { CommandCounters } from "../scst/command_counters.ts";
import type { Connection } from "./connection.ts";
import { CommandWindow } from "./command_window.ts";
import { Digests } from "./digests.ts";
import { Latency } from "./latency.ts";
import { solicitWaiting } from "./data_out.ts";
import type { Node } from "./node.ts";
import type { Output } from "./output.ts";
import type { Parameters } from "./parameters.ts";
import { ReadMemory } from "./read_memory.ts";
import { SESSION_STATES, SessionEvent, SessionState } from "./session_states.ts";
import { StateWalk } from "./state_table.ts";
import type { Task } from "./task.ts";
import { TaskPool } from "./task_pool.ts";
import { UnsentAnswers } from "./unsent_answers.ts";
import { WriteMemory } from "./write_memory.ts";

/** What says of which task a line is. */
type TaskName = Pick<Task, "lun" | "initiatorTaskTag">;

/** What an initiator was let in to. */
export interface SessionAccess {
  readonly target: Target;
  /** The LUNs that it sees at first. */
  readonly choice: LunChoice<LunSet>;
  /** What it was told that the target wants. */
  readonly attributes: TargetAttributes;
}

/** Who is in touch with what. */
export interface SessionIdentity {
  /** InitiatorName. */
  readonly initiator: string;
  /** Initiator's part of the session identifier, 12 hex digits (RFC 7143 11.12.5). */
  readonly isid: string;
  /** undefined in a discovery session. */
  readonly access: SessionAccess | undefined;
  /** The incoming user that the initiator has proved to be; undefined without authentication. */
  readonly user: string | undefined;
}

const NO_PORT: TargetPort = { relativeId: 0, name: "" };

export class Session implements NexusTransport {
  readonly node: Node;
  readonly identity: SessionIdentity;
  /** The one connection, and what belongs to it. */
  connection: Connection;
  parameters: Parameters;
  digests: Digests;
  output: Output;
  readonly port: TargetPort;
  /** undefined in a discovery session. */
  readonly nexus: Nexus | undefined;
  readonly tsih: number;
  /** Tasks that are under way, by initiator task tag. */
  readonly tasks: Map<number, Task> = new Map();
  readonly readMemory: ReadMemory;
  readonly writeMemory = new WriteMemory();
  readonly counters = new CommandCounters();
  readonly unsent: UnsentAnswers = new UnsentAnswers(this);
  /** Measures its commands; undefined while that is not wanted. */
  latency: Latency | undefined = undefined;
  /** Bytes of data that the target takes in one PDU, as it has declared. */
  dataMost: number;
  /** The name that the patterns of groups are compared with, as it was at the login. */
  nameForGroups: string;

  readonly window: CommandWindow;
  #statSN: number;
  #immediateCount = 0;
  #match: GroupMatch | undefined;
  #nextTransferTag = 0;
  #pool = new TaskPool(this);
  #states = new StateWalk(SESSION_STATES, SessionState.ACTIVE);

  /**
   * Begins the session with what the login has agreed on. `expCmdSN` and `statSN` go on from there;
   * `reinstates` says that it takes over from a session that was there.
   */
  constructor(
    connection: Connection,
    identity: SessionIdentity,
    parameters: Parameters,
    expCmdSN: number,
    statSN: number,
    reinstates: boolean,
  ) {
    this.connection = connection;
    this.node = connection.node;
    this.identity = identity;
    this.parameters = parameters;
    this.digests = new Digests(parameters.headerDigest, parameters.dataDigest);
    this.output = connection.output;
    this.readMemory = new ReadMemory(this.output, () => this.connection.wake());
    const { initiator, isid, access } = identity;
    this.port = access?.target.port ?? NO_PORT;
    this.window = new CommandWindow(expCmdSN, this.attributes.queuedCommands);
    this.#statSN = statSN;
    this.dataMost = (access?.attributes ?? TARGET_DEFAULTS).maxRecvDataSegmentLength;
    this.nameForGroups = nameForGroups(access?.attributes ?? TARGET_DEFAULTS, this.caller);
    this.#match = access?.choice.match;
    if (access !== undefined) {
      const attention = reinstates ? Sense.NEXUS_LOSS : Sense.POWER_ON_OR_RESET;
      const name = `${initiator},i,0x${isid}`;
      this.nexus = new Nexus(name, access.target, access.choice.luns, this, attention);
    }
    this.measureLatency(this.node.measuresLatency);
    this.tsih = this.node.enterSession(this);
  }

  /** The name of its state, see session_states.ts. */
  get state(): string {
    return this.#states.name;
  }

  /** The login is over. */
  begin(): void {
    this.#take(SessionEvent.LOGIN_ACCEPTED);
  }

  /**
   * Goes on with a new connection in the place of the old one, with what its login has agreed on
   * (RFC 7143 6.3.4): tasks end without a word, nexus and numbers of the commands stay. The LUNs are
   * those of whom the gates have let in now, who may have come to another portal.
   */
  continueOn(
    connection: Connection,
    access: SessionAccess | undefined,
    parameters: Parameters,
    statSN: number,
  ): void {
    if (!this.#take(SessionEvent.CONNECTION_REINSTATED)) return;
    this.report("info", "connection replaced by another one (connection reinstatement)");
    this.abortTasks();
    const attributes = access?.attributes ?? TARGET_DEFAULTS;
    const { initiator } = this.identity;
    this.nameForGroups = nameForGroups(attributes, { initiator, portal: connection.local });
    // Before the connections change: nothing may be said ahead of the last Login Response.
    this.followTarget(false);
    this.connection.handOver();
    this.loseUnsent();
    this.connection = connection;
    this.output = connection.output;
    this.readMemory.useOutput(connection.output);
    this.dataMost = attributes.maxRecvDataSegmentLength;
    this.parameters = parameters;
    this.digests = new Digests(parameters.headerDigest, parameters.dataDigest);
    this.#statSN = statSN;
    this.node.sessionChanged(this);
  }

  /** Begins to measure its commands, or ends that and forgets what was measured. */
  measureLatency(measures: boolean): void {
    this.latency = measures && !this.isDiscovery ? new Latency(this.window.size) : undefined;
  }

  /** A turn ends that leaves something of the output unsent. */
  noteUnsent(): void {
    this.unsent.note(this.#pool.answered);
  }

  /** What is left of the output will never be sent. */
  loseUnsent(): void {
    this.latency?.forgetUnsent();
    this.unsent.lose();
    // Where its answer ended is no place in another output.
    this.#pool.answered = undefined;
  }

  /** What the target wants of its sessions. */
  get attributes(): TargetAttributes {
    return this.target?.attributes ?? TARGET_DEFAULTS;
  }

  /** undefined in a discovery session. */
  get target(): Target | undefined {
    return this.identity.access?.target;
  }

  /** The group that has its initiator; undefined if it has the LUNs of those whom no group has. */
  get group(): string | undefined {
    return this.#match?.group;
  }

  /** Who it is for the gates. */
  get caller(): Caller {
    return { initiator: this.identity.initiator, portal: this.connection.local };
  }

  get isDiscovery(): boolean {
    return this.nexus === undefined;
  }

  /** Writes StatSN, ExpCmdSN and MaxCmdSN; `withStatus` says that the PDU uses a StatSN up. */
  putSequenceNumbers(view: DataView, at: number, withStatus: boolean): void {
    if (withStatus) {
      view.setUint32(at + STAT_SN, this.#statSN);
      this.#statSN = (this.#statSN + 1) >>> 0;
    }
    view.setUint32(at + EXP_CMD_SN, this.window.expCmdSN);
    view.setUint32(at + MAX_CMD_SN, this.window.maxCmdSN);
  }

  /** Writes the StatSN that comes next without using it up (R2T, NOP-In that asks). */
  putNextStatSN(view: DataView, at: number): void {
    view.setUint32(at + STAT_SN, this.#statSN);
  }

  /**
   * Goes on with its target as that is now: the window has the size of QueuedCommands, and the initiator
   * sees the LUNs that it has now, of which it is told (Nexus.regroup).
   */
  followTarget(quiet: boolean): void {
    const { target, nexus } = this;
    if (target === undefined || nexus === undefined) return;
    this.window.resize(target.attributes.queuedCommands);
    const { luns, match } = chooseLuns(target, this.nameForGroups);
    const isOther = match?.group !== this.group;
    this.#match = match;
    if (isOther) this.report("info", "sees the LUNs of another group, or of none, now");
    nexus.regroup(luns, quiet);
    if (isOther) this.node.sessionChanged(this);
  }

  /**
   * Commands for immediate delivery that have not ended: also those that were aborted while a store
   * works on them, as no window keeps their number down.
   */
  get immediateCount(): number {
    return this.#immediateCount;
  }

  /** Opens the window for a task, once; an immediate one has never taken a place in it. */
  openWindow(task: Task): void {
    if (!task.inWindow) return;
    task.inWindow = false;
    this.window.openByOne();
  }

  /** Gives out `count` target transfer tags in a row; NO_TAG is never among them. */
  takeTransferTags(count: number): number {
    if (this.#nextTransferTag + count >= 0xffffffff) this.#nextTransferTag = 0;
    const first = this.#nextTransferTag;
    this.#nextTransferTag += count;
    return first;
  }

  /** Lends a task for a command, `immediate` or in its place of the window; retire() takes it back. */
  takeTask(immediate: boolean): Task {
    const task = this.#pool.take();
    task.immediate = immediate;
    task.inWindow = !immediate;
    if (immediate) this.#immediateCount++;
    return task;
  }

  /** Keeps a task in the list until it ends. */
  listTask(task: Task): void {
    task.listed = true;
    const { tally } = this.node;
    task.arrived = tally.arrived;
    if (task.times === undefined && tally.slow.threshold < Infinity) task.measure(task.arrived);
    this.tasks.set(task.initiatorTaskTag, task);
  }

  /** Ends a task for good. */
  retire(task: Task): void {
    this.openWindow(task);
    if (task.immediate) this.#immediateCount--;
    if (task.listed && this.tasks.get(task.initiatorTaskTag) === task) {
      this.tasks.delete(task.initiatorTaskTag);
    }
    this.connection.forgetLanding(task);
    task.releaseOut();
    task.live = false;
    this.readMemory.release(task);
    this.writeMemory.release(task);
    if (this.isEnded) return;
    this.#pool.give(task);
    if (this.writeMemory.next !== undefined) solicitWaiting(this);
  }

  /**
   * Aborts a task. If a store works on it, it goes on as an orphan: out of the list, its end heard by
   * nobody, its blocks barred until then. `reported` gives it the status TASK ABORTED.
   */
  abortTask(task: Task, reported = false): void {
    task.aborted = true;
    const { stage } = task;
    const inStore = task.isActive && !this.readMemory.forget(task) &&
      task.unit?.forget(task) === false;
    // The store may never end it, and then nobody would hear of it.
    this.node.tally.slow.aborted(task, performance.now(), stage);
    if (reported && !inStore) return task.endAborted();
    this.tasks.delete(task.initiatorTaskTag);
    if (!inStore) return task.complete();
    if (reported) task.sendAborted();
    // It keeps its place in the window until the store has ended: else there would be no limit.
    task.leaveTaskSet();
    if (task.operation?.changesMedium === true) task.unit!.disk.locks.orphan(task);
  }

  abortTasks(unit?: LogicalUnit, { reported, except }: AbortOptions = {}): number {
    // The last one first: who waits for its turn goes before it could come.
    const tasks = [...this.tasks.values()]
      .filter((task) => (unit === undefined || task.unit === unit) && task !== except).reverse();
    // All of them are marked before the first one ends, and lets none of the others run.
    for (const task of tasks) task.aborted = true;
    for (const task of tasks) if (task.live) this.abortTask(task, reported);
    return tasks.length;
  }

  expelTasks(unit: LogicalUnit, sense: number): void {
    const tasks = [...this.tasks.values()].filter((task) => task.unit === unit).reverse();
    // As with abortTasks(): the end of one lets none of the others run.
    for (const task of tasks) task.aborted = true;
    for (const task of tasks) {
      if (!task.live) continue;
      const inStore = task.isActive && !this.readMemory.forget(task) && !unit.forget(task);
      task.aborted = false;
      if (inStore && task.operation?.changesMedium === true) unit.disk.locks.orphan(task);
      else if (!inStore && !task.statusHeld) task.fail(sense);
    }
  }

  drop(reason: string): void {
    this.report("info", `connection closed: ${reason}`);
    if (!this.connection.isFinishing) sendDropNotice(this);
    this.connection.finish();
  }

  announce(lun: number, sense: number, descriptors: boolean): void {
    if (this.isEnded || this.connection.isFinishing || this.attributes.aenDisabled) return;
    sendScsiEvent(this, lun, sense, descriptors);
  }

  /** Asks the initiator to log out within so many seconds. */
  requestLogout(seconds: number): void {
    if (this.connection.askLogout()) sendLogoutRequest(this, seconds);
  }

  get isEnded(): boolean {
    return this.#states.at === SessionState.FREE;
  }

  /** Ends the session: its tasks are aborted, its nexus is lost. */
  end(event: number = SessionEvent.CONNECTION_ENDED): void {
    const wasEnded = this.isEnded;
    if (!this.#take(event) || wasEnded) return;
    this.abortTasks();
    this.nexus?.end();
    this.node.removeSession(this.tsih);
  }

  /** Goes on with an event; false, and a line in the log, if it must not happen in this state. */
  #take(event: number): boolean {
    if (this.#states.take(event)) return true;
    this.report("error", bugLine(this.#states.describe(event)));
    return false;
  }

  /** Logs a line about the session, or about a task of it. */
  report(level: "debug" | "info" | "warning" | "error", line: string, task?: TaskName): void {
    const { identity: { initiator, isid, access, user }, connection } = this;
    const parts = [`initiator=${initiator}`, `peer=${connection.peer}`];
    if (access !== undefined) parts.push(`target=${access.target.name}`);
    if (task !== undefined) {
      parts.push(`lun=${task.lun}`, `itt=0x${task.initiatorTaskTag.toString(16)}`);
    } else {
      parts.push(`portal=${formatPortal(connection.local)}`);
      if (access !== undefined) parts.push(`rule=${ruleOf(this.#match)}`);
      if (user !== undefined) parts.push(`user=${user}`);
      parts.push(`isid=${isid}`);
    }
    this.node.report(level, `${line}: ${parts.join(" ")}`);
  }
}

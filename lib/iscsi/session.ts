/** A session in the full feature phase (RFC 7143 4.2, 4.3): CmdSN window, tasks, sequence numbers. */
import { IoVector } from "../../ffi/iovec.ts";
import type { LunChoice } from "../scst/initiator_group.ts";
import type { LogicalUnit } from "../scst/logical_unit.ts";
import type { LunSet } from "../scst/lun_set.ts";
import { formatPortal, TARGET_DEFAULTS, type TargetAttributes } from "../scst/model.ts";
import { type AbortOptions, Nexus, type NexusTransport } from "../scst/nexus.ts";
import type { Target } from "../scst/target.ts";
import type { TargetPort } from "../scsi/command.ts";
import { Sense } from "../scsi/sense.ts";
import { sendDropNotice, sendLogoutRequest, sendScsiEvent } from "./async_message.ts";
import { EXP_CMD_SN, MAX_CMD_SN, STAT_SN } from "./bhs.ts";
import type { Caller } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { Digests } from "./digests.ts";
import { solicitWaiting } from "./data_out.ts";
import type { Node } from "./node.ts";
import type { Output } from "./output.ts";
import type { Parameters } from "./parameters.ts";
import { SESSION_STATES, SessionEvent, SessionState } from "./session_states.ts";
import { StateWalk } from "./state_table.ts";
import { Task } from "./task.ts";
import { WriteMemory } from "./write_memory.ts";

/** Who is in touch with what. */
export interface SessionIdentity {
  /** InitiatorName. */
  readonly initiator: string;
  /** Initiator's part of the session identifier, 12 hex digits (RFC 7143 11.12.6). */
  readonly isid: string;
  /** undefined in a discovery session. */
  readonly access: { readonly target: Target; readonly choice: LunChoice<LunSet> } | undefined;
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
  readonly writeMemory = new WriteMemory();

  /** CmdSN that is expected next, and the last one that is allowed (RFC 7143 4.2.2.1). */
  expCmdSN: number;
  maxCmdSN: number;
  #statSN: number;
  #nextTransferTag = 0;
  #free: Task[] = [];
  #iov = new IoVector();
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
    const { initiator, isid, access } = identity;
    this.port = access?.target.port ?? NO_PORT;
    this.expCmdSN = expCmdSN;
    this.maxCmdSN = (expCmdSN + this.attributes.queuedCommands - 1) >>> 0;
    this.#statSN = statSN;
    if (access !== undefined) {
      const attention = reinstates ? Sense.NEXUS_LOSS : Sense.POWER_ON_OR_RESET;
      const name = `${initiator},i,0x${isid}`;
      this.nexus = new Nexus(name, access.target, access.choice.luns, this, attention);
    }
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
   * (RFC 7143 6.3.4): tasks end without a word, nexus and numbers of the commands stay.
   */
  continueOn(connection: Connection, parameters: Parameters, statSN: number): void {
    if (!this.#take(SessionEvent.CONNECTION_REINSTATED)) return;
    this.report("info", "connection replaced by another one (connection reinstatement)");
    this.abortTasks();
    this.connection.handOver();
    this.connection = connection;
    this.output = connection.output;
    this.parameters = parameters;
    this.digests = new Digests(parameters.headerDigest, parameters.dataDigest);
    this.#statSN = statSN;
  }

  /** What the target wants of its sessions. */
  get attributes(): TargetAttributes {
    return this.target?.attributes ?? TARGET_DEFAULTS;
  }

  /** undefined in a discovery session. */
  get target(): Target | undefined {
    return this.identity.access?.target;
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
    view.setUint32(at + EXP_CMD_SN, this.expCmdSN);
    view.setUint32(at + MAX_CMD_SN, this.maxCmdSN);
  }

  /** Writes the StatSN that comes next without using it up (R2T, NOP-In that asks). */
  putNextStatSN(view: DataView, at: number): void {
    view.setUint32(at + STAT_SN, this.#statSN);
  }

  /** Takes a numbered request in: the window moves on by one. */
  advanceCmdSN(): void {
    this.expCmdSN = (this.expCmdSN + 1) >>> 0;
  }

  /** A numbered request has ended: there is room for another one. */
  openWindowByOne(): void {
    this.maxCmdSN = (this.maxCmdSN + 1) >>> 0;
  }

  /** Opens the window for a task, once; an immediate one has never taken a place in it. */
  openWindow(task: Task): void {
    if (!task.inWindow) return;
    task.inWindow = false;
    this.openWindowByOne();
  }

  /** Gives out `count` target transfer tags in a row; NO_TAG is never among them. */
  takeTransferTags(count: number): number {
    if (this.#nextTransferTag + count >= 0xffffffff) this.#nextTransferTag = 0;
    const first = this.#nextTransferTag;
    this.#nextTransferTag += count;
    return first;
  }

  /** Lends a task; retire() takes it back. */
  takeTask(): Task {
    const task = this.#free.pop() ?? new Task(this, this.#iov);
    task.renew();
    return task;
  }

  /** Keeps a task in the list until it ends. */
  listTask(task: Task): void {
    task.listed = true;
    this.tasks.set(task.initiatorTaskTag, task);
  }

  /** Ends a task for good. */
  retire(task: Task): void {
    this.openWindow(task);
    if (task.listed && this.tasks.get(task.initiatorTaskTag) === task) {
      this.tasks.delete(task.initiatorTaskTag);
    }
    this.connection.forgetLanding(task);
    task.releaseOut();
    task.live = false;
    this.writeMemory.release(task);
    if (this.#isEnded) return;
    this.#free.push(task);
    if (this.writeMemory.next !== undefined) solicitWaiting(this);
  }

  /**
   * Aborts a task. If a store works on it, it goes on as an orphan: out of the list, its end heard by
   * nobody, its blocks barred until then. `reported` gives it the status TASK ABORTED.
   */
  abortTask(task: Task, reported = false): void {
    task.aborted = true;
    const inStore = task.ready && task.enabled && !task.statusHeld &&
      task.unit?.forget(task) === false;
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

  drop(reason: string): void {
    this.report("info", `connection closed: ${reason}`);
    if (!this.connection.isFinishing) sendDropNotice(this);
    this.connection.finish();
  }

  announce(unit: LogicalUnit, sense: number): void {
    if (this.#isEnded || this.connection.isFinishing) return;
    sendScsiEvent(this, unit.lun, sense, unit.disk.modes.current.D_SENSE === 1);
  }

  /** Asks the initiator to log out within so many seconds. */
  requestLogout(seconds: number): void {
    if (this.connection.askLogout()) sendLogoutRequest(this, seconds);
  }

  /** Ends the session: its tasks are aborted, its nexus is lost. */
  end(event: number = SessionEvent.CONNECTION_ENDED): void {
    const wasEnded = this.#isEnded;
    if (!this.#take(event) || wasEnded) return;
    this.abortTasks();
    this.nexus?.end();
    this.node.removeSession(this.tsih);
  }

  get #isEnded(): boolean {
    return this.#states.at === SessionState.FREE;
  }

  /** Goes on with an event; false, and a line in the log, if it must not happen in this state. */
  #take(event: number): boolean {
    if (this.#states.take(event)) return true;
    this.report("error", `bug: ${this.#states.describe(event)}`);
    return false;
  }

  /** Logs a line about the session, or about a task of it. */
  report(level: "debug" | "info" | "warning" | "error", line: string, task?: Task): void {
    const { identity: { initiator, isid, access, user }, connection } = this;
    const parts = [`initiator=${initiator}`, `peer=${connection.peer}`];
    if (access !== undefined) parts.push(`target=${access.target.name}`);
    if (task !== undefined) {
      parts.push(`lun=${task.lun}`, `itt=0x${task.initiatorTaskTag.toString(16)}`);
    } else {
      const group = access?.choice.match?.group;
      parts.push(`portal=${formatPortal(connection.local)}`);
      if (group !== undefined) parts.push(`group=${group}`);
      if (user !== undefined) parts.push(`user=${user}`);
      parts.push(`isid=${isid}`);
    }
    this.node.report(level, `${line}: ${parts.join(" ")}`);
  }
}

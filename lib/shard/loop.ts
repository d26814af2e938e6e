/**
 * The loop of the data isolate: it waits for descriptors and hands what was found to their handlers,
 * one after the other. Nothing in it awaits.
 */
import { closeSocket } from "../../ffi/socket.ts";
import { createPoller } from "../../ffi/create_poller.ts";
import type { Poller } from "../../ffi/poller.ts";
import { Lateness } from "./lateness.ts";

/** Who deals with a descriptor. */
export interface Handler {
  /** Something was found: bits of ffi/poller.ts. */
  ready(found: number): void;
}

/** Who wants to do something at the end of a turn. */
export interface Settler {
  settle(): void;
}

const TICK = 1000; // milliseconds

/** Turns for which somebody who waits for each answer counts as being there. */
const PATIENT_TURNS = 64;

/** How often the loop looks before it sleeps when it expects something: some tens of microseconds. */
const LOOKS = 150;

/** With one core, looking would only keep the initiator from running. */
const CORES = navigator.hardwareConcurrency;

/** With so few events there is time to look at the clock in every turn. */
const FEW = 4;

/** A loop that always finds much looks at the clock once in so many turns. */
const TURNS_PER_LOOK = 64;

/** What is to be done at a time. */
interface Appointment {
  readonly at: number;
  readonly action: () => void;
}

export class Loop {
  /** How late its ticks come. */
  readonly lateness = new Lateness();
  /** When this turn began, by performance.now(). */
  began = 0;
  /** Whether this turn has one descriptor to deal with. */
  isAlone = false;
  /** Hears the time when the descriptors of a turn were dealt with, always if there was only one. */
  onHandled: (now: number) => void = () => {};
  #poller: Poller = createPoller();
  #handlers = new Map<number, Handler>();
  #settlers: Settler[] = [];
  #closing: number[] = [];
  #appointments: Appointment[] = [];
  /** When the next tick is due, and milliseconds until then; NaN where nobody has looked at the clock. */
  #nextTick = 0;
  #untilTick = 0;
  #running = true;
  #expecting = false;
  #turn = 0;
  /** Who was seen last to wait for each answer, and in which turn. */
  #patient: Handler | undefined = undefined;
  #patientTurn = 0;
  #report: (error: unknown) => void;
  #tick: (now: number) => void;
  #pulse: Int32Array;

  /**
   * `tick` is called once a second; `report` hears of exceptions, which are bugs. `pulse[0]` is another
   * number after each turn, for those who watch from another thread.
   */
  constructor(
    tick: (now: number) => void,
    report: (error: unknown) => void,
    pulse: Int32Array = new Int32Array(1),
  ) {
    this.#tick = tick;
    this.#report = report;
    this.#pulse = pulse;
  }

  /** Watches a descriptor. */
  watch(fd: number, interest: number, handler: Handler): void {
    this.#poller.add(fd, fd, interest);
    this.#handlers.set(fd, handler);
  }

  /** Changes what a descriptor is watched for. */
  change(fd: number, interest: number): void {
    this.#poller.modify(fd, fd, interest);
  }

  /** Ends the watching. */
  unwatch(fd: number): void {
    this.#poller.remove(fd);
    if (this.#patient === this.#handlers.get(fd)) this.#patient = undefined;
    this.#handlers.delete(fd);
  }

  /** Ends the watching and closes the socket when this turn is over: its number stays taken so long. */
  close(fd: number): void {
    this.unwatch(fd);
    this.#closing.push(fd);
  }

  /** Calls `settler.settle()` at the end of this turn. */
  settleLater(settler: Settler): void {
    this.#settlers.push(settler);
  }

  /**
   * Says that the next request is likely to come at once: an initiator with few commands under way
   * sends it as soon as it has its answer. Then the loop looks for it for some microseconds before it
   * sleeps, because waking up takes longer than that.
   */
  expectSoon(): void {
    this.#expecting = CORES > 1;
  }

  /** Says that `handler` serves one who sends a request or two and waits for the answers. */
  notePatient(handler: Handler): void {
    this.#patient = handler;
    this.#patientTurn = this.#turn;
  }

  /**
   * Whether somebody else waits for each answer, whose time a long turn of `handler` would be: it
   * should be short.
   */
  isHurried(handler: Handler): boolean {
    return this.#patient !== undefined && this.#patient !== handler &&
      this.#turn - this.#patientTurn < PATIENT_TURNS;
  }

  /** Calls `action` once, in so many milliseconds or a little later. */
  after(milliseconds: number, action: () => void): void {
    this.#appointments.push({ at: performance.now() + milliseconds, action });
  }

  /** Ends run() after this turn. */
  stop(): void {
    this.#running = false;
  }

  /** Runs until stop(). */
  run(): void {
    this.#nextTick = performance.now() + TICK;
    for (; this.#running; this.#turn++) {
      const count = this.#wait();
      this.began = performance.now();
      this.isAlone = count === 1;
      for (let index = 0; index < count; index++) {
        this.#guard(this.#poller.token(index), this.#poller.found(index));
      }
      if (count < FEW || this.#turn % TURNS_PER_LOOK === 0) this.#tickIfDue();
      else this.#untilTick = NaN;
      if (this.#appointments.length > 0) this.#keepAppointments();
      this.#endTurn();
      this.#pulse[0] = this.#turn;
    }
    this.#poller.close();
  }

  #wait(): number {
    if (this.#expecting) {
      this.#expecting = false;
      for (let look = 0; look < LOOKS; look++) {
        const count = this.#poller.wait(0);
        if (count > 0) return count;
      }
    }
    return this.#poller.wait(this.#patience());
  }

  /** Milliseconds for which the loop may sleep. */
  #patience(): number {
    if (Number.isNaN(this.#untilTick)) {
      this.#untilTick = Math.max(0, Math.ceil(this.#nextTick - performance.now()));
    }
    if (this.#appointments.length === 0) return this.#untilTick;
    const next = Math.min(...this.#appointments.map(({ at }) => at));
    return Math.min(this.#untilTick, Math.max(0, Math.ceil(next - performance.now())));
  }

  #keepAppointments(): void {
    const now = performance.now();
    const due = this.#appointments.filter(({ at }) => at <= now);
    if (due.length === 0) return;
    this.#appointments = this.#appointments.filter(({ at }) => at > now);
    for (const { action } of due) this.#try(action);
  }

  #tickIfDue(): void {
    const now = performance.now();
    this.onHandled(now);
    if (now >= this.#nextTick) {
      this.lateness.note(now - this.#nextTick);
      this.#try(() => this.#tick(now));
      this.#nextTick = now + TICK;
    }
    this.#untilTick = Math.ceil(this.#nextTick - now);
  }

  #guard(token: number, found: number): void {
    try {
      this.#handlers.get(token)?.ready(found);
    } catch (error) {
      this.#report(error);
    }
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report(error);
    }
  }

  #endTurn(): void {
    // Settling one may give another one something to do, which then comes last.
    const settlers = this.#settlers;
    for (let index = 0; index < settlers.length; index++) {
      this.#try(() => settlers[index]!.settle());
    }
    settlers.length = 0;
    for (let fd = this.#closing.pop(); fd !== undefined; fd = this.#closing.pop()) closeSocket(fd);
  }
}

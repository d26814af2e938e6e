/**
 * A state machine as a table: state, event, next state. The code walks it, docs/iscsi-states.md prints
 * it, and tests walk every pair of it.
 */

/** One state. What is not in `on` must not happen there. */
export interface StateRow<State extends string, Event extends string> {
  /** What it is like to be there, in a sentence. */
  readonly is: string;
  readonly on: Readonly<Partial<Record<Event, State>>>;
}

/** The rows of a table, and what each event is, to complete "... in the state ...". */
export interface StateModel<State extends string, Event extends string> {
  /** What has these states, and where the standard has them. */
  readonly title: string;
  readonly states: Readonly<Record<State, StateRow<State, Event>>>;
  readonly events: Readonly<Record<Event, string>>;
}

/** Stands in the compiled table where an event must not happen. */
const ILLEGAL = 0xff;

/** A model compiled to numbers, for what is asked once a PDU. */
export class StateTable<State extends string, Event extends string> {
  readonly model: StateModel<State, Event>;
  /** The numbers of the states and of the events, by name. */
  readonly state: Readonly<Record<State, number>>;
  readonly event: Readonly<Record<Event, number>>;
  readonly stateNames: readonly State[];
  readonly eventNames: readonly Event[];
  #next: Uint8Array;
  /** Events of each state in `#next`. */
  #stride: number;

  constructor(model: StateModel<State, Event>) {
    this.model = model;
    this.stateNames = Object.keys(model.states) as State[];
    this.eventNames = Object.keys(model.events) as Event[];
    this.state = numbersOf(this.stateNames);
    this.event = numbersOf(this.eventNames);
    this.#stride = this.eventNames.length;
    const next = this.stateNames.flatMap((state) =>
      this.eventNames.map((event) => {
        const name = model.states[state].on[event];
        return name === undefined ? ILLEGAL : this.state[name];
      })
    );
    this.#next = Uint8Array.from(next);
  }

  /** The state that follows; undefined if the event must not happen in that state. */
  next(state: number, event: number): number | undefined {
    const next = this.#next[state * this.#stride + event];
    return next === ILLEGAL ? undefined : next;
  }

  /** Names an event that must not happen, and the state, for the log. */
  describe(state: number, event: number): string {
    const name = this.eventNames[event]!;
    return `${name} (${this.model.events[name]}) in the state ${this.stateNames[state]}`;
  }
}

/** Something that is in one state of a table at a time. */
export class StateWalk<State extends string, Event extends string> {
  #table: StateTable<State, Event>;
  #at: number;

  constructor(table: StateTable<State, Event>, start: number) {
    this.#table = table;
    this.#at = start;
  }

  /** The number of the state. */
  get at(): number {
    return this.#at;
  }

  get name(): State {
    return this.#table.stateNames[this.#at]!;
  }

  /** Whether an event may happen now. */
  may(event: number): boolean {
    return this.#table.next(this.#at, event) !== undefined;
  }

  /** Goes on with an event; false, and nothing else, if it must not happen now. */
  take(event: number): boolean {
    const next = this.#table.next(this.#at, event);
    if (next === undefined) return false;
    this.#at = next;
    return true;
  }

  /** Names an event that must not happen now, for the log. */
  describe(event: number): string {
    return this.#table.describe(this.#at, event);
  }
}

function numbersOf<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name, index) => [name, index])) as Record<Name, number>;
}

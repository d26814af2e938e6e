/** The tables of states: every state with every event, as real connections and sessions meet them. */
import assert from "node:assert/strict";
import { bugLine } from "../../lib/bug.ts";
import {
  CONNECTION_STATES,
  type ConnectionEventName,
  type ConnectionStateName,
} from "../../lib/iscsi/connection_states.ts";
import {
  LOGIN_STAGES,
  type LoginStageEventName,
  type LoginStageName,
} from "../../lib/iscsi/login_stages.ts";
import { defaultParameters } from "../../lib/iscsi/parameters.ts";
import { Session } from "../../lib/iscsi/session.ts";
import {
  SESSION_STATES,
  SessionEvent,
  type SessionEventName,
  type SessionStateName,
} from "../../lib/iscsi/session_states.ts";
import { StateTable, StateWalk } from "../../lib/iscsi/state_table.ts";
import { inStage, loginPdu, NAMES, PEER_NAME, requestLogin } from "../harness/login_peer.ts";
import { type Peer, Rig } from "../harness/rig.ts";
import { Field, Opcode, type Pdu } from "../initiator/pdu.ts";
import { logoutRequest, nopOut } from "../initiator/requests.ts";

const numbers = (peer: Peer) => ({
  itt: peer.tag(),
  cmdSn: peer.cmdSn,
  expStatSn: 0,
  immediate: true,
});

/** Says in one line of the log that an event must not happen in a state. */
function assertLogged(rig: Rig, event: string, state: string): void {
  const line = rig.log.at(-1) ?? "nothing";
  assert(line.includes(event) && line.includes(`in the state ${state}`), line);
}

/** Brings a fresh connection into a state, by nothing but PDUs and what its owner may do. */
const CONNECTION_IN: Readonly<Record<ConnectionStateName, (rig: Rig) => Peer>> = {
  XPT_UP: (rig) => rig.connect(),
  IN_LOGIN: (rig) => {
    const peer = rig.connect();
    requestLogin(peer, { text: NAMES });
    return peer;
  },
  LOGGED_IN: (rig) => rig.login(1),
  LOGOUT_REQUESTED: (rig) => {
    const peer = rig.login(1);
    peer.connection.session!.requestLogout(2);
    assert.equal(peer.take()[0]?.opcode, Opcode.AsyncMessage);
    return peer;
  },
  IN_LOGOUT: (rig) => {
    const peer = rig.login(1);
    assert.equal(peer.send(logoutRequest(numbers(peer)))[0]?.opcode, Opcode.LogoutResponse);
    return peer;
  },
  CLEANUP_WAIT: (rig) => {
    const peer = rig.login(1);
    peer.connection.finish();
    return peer;
  },
  FREE: (rig) => {
    const peer = rig.login(1);
    peer.connection.close();
    return peer;
  },
};

/** Makes an event happen; LOGIN_ACCEPTED happens within the last request of a login. */
const CONNECTION_EVENT: Readonly<Record<ConnectionEventName, (peer: Peer, rig: Rig) => Pdu[]>> = {
  LOGIN_REQUEST: (peer) => {
    const text = peer.connection.state === "XPT_UP" ? NAMES : "";
    return peer.send(loginPdu({ text }));
  },
  REQUEST: (peer) => peer.send(nopOut(numbers(peer))),
  LOGIN_ACCEPTED: (peer) => peer.send(loginPdu({ flags: inStage(1, 3) })),
  LOGIN_REFUSED: (peer) => {
    if (peer.connection.state === "IN_LOGIN") return peer.send(loginPdu({ text: "no pair" }));
    peer.connection.refuseLogin();
    return [];
  },
  LOGOUT_ASKED: (peer) => {
    if (peer.connection.session === undefined) assert(!peer.connection.askLogout());
    else peer.connection.session.requestLogout(2);
    return peer.take();
  },
  LOGOUT_ACCEPTED: (peer) => {
    if (peer.connection.session !== undefined && !peer.connection.isFinishing) {
      return peer.send(logoutRequest(numbers(peer)));
    }
    peer.connection.logOut();
    return [];
  },
  REINSTATED: (peer, rig) => {
    const { session, isFinishing } = peer.connection;
    if (session === undefined || isFinishing) peer.connection.handOver();
    else {
      const other = rig.connect();
      const { tsih } = session;
      const fields = { text: NAMES, flags: inStage(1, 3), tsih, cmdSn: peer.cmdSn };
      assert.equal(requestLogin(other, fields).u16(Field.statusClass), 0);
      assert.equal(other.connection.session, session);
    }
    return peer.take();
  },
  FINISH: (peer) => {
    peer.connection.finish();
    return peer.take();
  },
  CLOSE: (peer) => {
    peer.connection.close();
    return peer.take();
  },
};

const DEAF: readonly string[] = ["IN_LOGOUT", "CLEANUP_WAIT", "FREE"];

/** What must become of an event that the table does not have. */
function assertIllegal(
  rig: Rig,
  peer: Peer,
  state: ConnectionStateName,
  event: ConnectionEventName,
  answers: readonly Pdu[],
): void {
  const isPdu = event === "LOGIN_REQUEST" || event === "REQUEST" || event === "LOGIN_ACCEPTED";
  if (isPdu && DEAF.includes(state)) {
    assert.equal(answers.length, 0, "what comes is not read");
    assert.equal(peer.connection.state, state);
  } else if (isPdu && state === "XPT_UP") {
    assert.deepEqual([answers.length, peer.connection.state], [0, "FREE"]);
    assertLogged(rig, event, state);
  } else if (isPdu && state === "IN_LOGIN") {
    assert.equal(answers[0]?.u16(Field.statusClass), 0x020b);
    assert.equal(peer.connection.state, "CLEANUP_WAIT");
    assertLogged(rig, event, state);
  } else if (isPdu) {
    assert.deepEqual([answers[0]?.opcode, answers[0]?.u8(Field.response)], [Opcode.Reject, 4]);
    assert.equal(peer.connection.state, "CLEANUP_WAIT");
    assertLogged(rig, "LOGIN_REQUEST", state);
  } else {
    assert.equal(answers.length, 0);
    assert.equal(peer.connection.state, state);
    if (event !== "LOGOUT_ASKED") assertLogged(rig, bugLine(event), state);
  }
}

for (const state of CONNECTION_STATES.stateNames) {
  for (const event of CONNECTION_STATES.eventNames) {
    Deno.test(`Connection: ${event} in ${state}`, () => {
      using rig = new Rig();
      const peer = CONNECTION_IN[state](rig);
      assert.equal(peer.connection.state, state);
      // A first request that is the last as well goes through IN_LOGIN.
      if (event === "LOGIN_ACCEPTED" && state === "XPT_UP") {
        requestLogin(peer, { text: NAMES, flags: inStage(1, 3) });
        assert.equal(peer.connection.state, "LOGGED_IN");
        return;
      }
      const answers = CONNECTION_EVENT[event](peer, rig);
      const next = CONNECTION_STATES.model.states[state].on[event];
      if (next === undefined) assertIllegal(rig, peer, state, event, answers);
      else {
        assert.equal(peer.connection.state, next);
        assert(!rig.log.some((line) => line.includes("in the state")), rig.log.join("\n"));
      }
      peer.connection.close();
      for (const session of rig.node.sessions) session.connection.close();
      assert.deepEqual([rig.node.memory.lent, [...rig.node.sessions].length], [0, 0]);
    });
  }
}

const SESSION_IN: Readonly<Record<SessionStateName, (rig: Rig) => Session>> = {
  ACTIVE: (rig) => {
    const identity = { initiator: PEER_NAME, isid: "1", access: undefined, user: undefined };
    return new Session(rig.connect().connection, identity, defaultParameters(), 1, 1, false);
  },
  LOGGED_IN: (rig) => rig.login(1).connection.session!,
  FREE: (rig) => {
    const { session } = rig.login(1).connection;
    session!.end();
    return session!;
  },
};

const SESSION_EVENT: Readonly<Record<SessionEventName, (session: Session, rig: Rig) => void>> = {
  LOGIN_ACCEPTED: (session) => session.begin(),
  CONNECTION_REINSTATED: (session, rig) =>
    session.continueOn(rig.connect().connection, session.identity.access, session.parameters, 1),
  SESSION_REINSTATED: (session) => session.end(SessionEvent.SESSION_REINSTATED),
  LOGOUT: (session) => session.end(SessionEvent.LOGOUT),
  CONNECTION_ENDED: (session) => session.end(),
};

for (const state of SESSION_STATES.stateNames) {
  for (const event of SESSION_STATES.eventNames) {
    Deno.test(`Session: ${event} in ${state}`, () => {
      using rig = new Rig();
      const session = SESSION_IN[state](rig);
      assert.equal(session.state, state);
      SESSION_EVENT[event](session, rig);
      const next = SESSION_STATES.model.states[state].on[event];
      assert.equal(session.state, next ?? state);
      if (next === undefined) assertLogged(rig, bugLine(event), state);
      const isThere = [...rig.node.sessions].includes(session);
      assert.equal(isThere, session.state !== "FREE");
      session.end();
    });
  }
}

const STAGE_IN: Readonly<Record<LoginStageName, (rig: Rig) => Peer>> = {
  START: (rig) => rig.connect(),
  SECURITY: (rig) => {
    const peer = rig.connect();
    requestLogin(peer, { text: NAMES, flags: inStage(0) });
    return peer;
  },
  OPERATIONAL: CONNECTION_IN.IN_LOGIN,
  FULL_FEATURE: (rig) => rig.login(1),
};

/** CSG of a state. */
const CSG: Readonly<Record<LoginStageName, number>> = {
  START: 1,
  SECURITY: 0,
  OPERATIONAL: 1,
  FULL_FEATURE: 3,
};

const STAGES = ["SECURITY", "OPERATIONAL", "RESERVED", "FULL_FEATURE"];

/** The flags of the request that is an event in a state. */
function flagsOf(state: LoginStageName, event: LoginStageEventName): number {
  const [direction, ...rest] = event.split("_");
  const stage = STAGES.indexOf(rest.join("_"));
  return direction === "IN" ? inStage(stage) : inStage(CSG[state], stage);
}

for (const state of LOGIN_STAGES.stateNames) {
  for (const event of LOGIN_STAGES.eventNames) {
    // A transit comes with a request that is in a stage.
    if (state === "START" && event.startsWith("TO_")) continue;
    Deno.test(`Login: ${event} in ${state}`, () => {
      using rig = new Rig();
      const peer = STAGE_IN[state](rig);
      const flags = flagsOf(state, event);
      const text = state === "START" ? NAMES : "";
      const [answer] = peer.send(loginPdu({ text, flags }));
      const next = LOGIN_STAGES.model.states[state].on[event];
      if (state === "FULL_FEATURE") {
        assert.equal(answer?.opcode, Opcode.Reject);
        return assert.equal(next, undefined);
      }
      if (next === undefined) {
        assert.equal(answer!.u16(Field.statusClass), 0x0200);
        return assertLogged(rig, event, state);
      }
      assert.equal(answer!.u16(Field.statusClass), 0);
      assert.equal(answer!.flags, flags, "CSG, and T and NSG if there were any");
      if (next === "FULL_FEATURE") return assert.equal(peer.connection.state, "LOGGED_IN");
      // The login goes on in the stage that the table says.
      assert.equal(requestLogin(peer, { flags: inStage(CSG[next]) }).u16(Field.statusClass), 0);
    });
  }
}

Deno.test("StateTable has a number for every name, and a way for every legal event only", () => {
  const table = new StateTable<"A" | "B", "GO" | "STAY">({
    title: "A test",
    states: { A: { is: "first", on: { GO: "B", STAY: "A" } }, B: { is: "last", on: {} } },
    events: { GO: "it goes", STAY: "it stays" },
  });
  const { state, event } = table;
  const walk = new StateWalk(table, state.A);
  assert.deepEqual([walk.may(event.STAY), walk.take(event.STAY), walk.name], [true, true, "A"]);
  assert.deepEqual([walk.take(event.GO), walk.name, walk.at], [true, "B", state.B]);
  assert.deepEqual([walk.may(event.GO), walk.take(event.GO), walk.name], [false, false, "B"]);
  assert.equal(walk.describe(event.GO), "GO (it goes) in the state B");
});

Deno.test("no way leads into a session but the end of a login, and none out of the end", () => {
  const { states } = CONNECTION_STATES.model;
  const into = CONNECTION_STATES.stateNames.flatMap((state) =>
    Object.entries(states[state].on)
      .filter(([, next]) => next === "LOGGED_IN" && state !== "LOGGED_IN")
      .map(([event]) => `${event} in ${state}`)
  );
  assert.deepEqual(into, ["LOGIN_ACCEPTED in IN_LOGIN"]);
  for (const next of Object.values(states.FREE.on)) assert.equal(next, "FREE");
  for (const next of Object.values(SESSION_STATES.model.states.FREE.on)) assert.equal(next, "FREE");
});

Deno.test("every state of a table can be reached, and has a sentence", () => {
  for (const { model, stateNames } of [CONNECTION_STATES, SESSION_STATES, LOGIN_STAGES]) {
    const states = model.states as Readonly<Record<string, { is: string; on: object }>>;
    const reached = new Set<string>([stateNames[0]!]);
    for (const state of reached) {
      Object.values(states[state]!.on).forEach((next) => reached.add(next));
    }
    assert.deepEqual([...reached].sort(), [...stateNames].sort());
    for (const { is } of Object.values(states)) assert.match(is, /^[A-Z].*[.?:]/);
  }
});

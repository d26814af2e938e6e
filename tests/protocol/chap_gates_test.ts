/** CHAP where targets and discovery have each their own users, and at portals that want none. */
import assert from "node:assert/strict";
import { ANN, DISK, JOE, MUTUAL, ONE_WAY } from "../harness/chap_users.ts";
import { diskYaml, TARGET_NAME } from "../harness/server.ts";
import { openReady } from "../harness/sessions.ts";
import { suite } from "../harness/suite.ts";
import { LoginRefused, LoginStatus, Stage } from "../initiator/login.ts";
import { Session } from "../initiator/session.ts";
import { valueOf } from "../initiator/text.ts";
import { MALLORY, statusOf } from "../harness/chap_attempt.ts";

const { Operational, FullFeature } = Stage;
const { AuthenticationFailure } = LoginStatus;

suite("CHAP for discovery", diskYaml([{}], { discoveryUsers: MUTUAL }), {
  "discovery wants its own users": async (server) => {
    await using session = await Session.open(server, { chap: { user: ANN, target: DISK } });
    const targets = await session.text([["SendTargets", "All"]]);
    assert.equal(valueOf(targets, "TargetName"), TARGET_NAME);
    await assert.rejects(Session.open(server, {}), LoginRefused);
    await assert.rejects(Session.open(server, { chap: { user: MALLORY } }), LoginRefused);
  },

  "the target without users stays open, and does not take CHAP": async (server) => {
    await using _session = await openReady(server);
    const chap = { user: JOE, methods: "CHAP" };
    assert.equal(await statusOf(server, { chap }), AuthenticationFailure);
  },
});

const INTERNAL = { users: ONE_WAY, discoveryUsers: ONE_WAY, internalPortals: ["127.0.0.1"] };

suite("CHAP at an internal portal", diskYaml([{}], INTERNAL), {
  "a normal session may do without": async (server) => {
    await using _first = await openReady(server);
    await using _second = await openReady(server, [0], { path: [Operational, FullFeature] });
  },

  "who prefers CHAP gets it, and has to have the secret": async (server) => {
    await using session = await openReady(server, [0], { chap: { user: JOE } });
    assert.equal(valueOf(session.loginResult.answers, "AuthMethod"), "CHAP");
    assert.equal(await statusOf(server, { chap: { user: MALLORY } }), AuthenticationFailure);
  },

  "discovery may not": async (server) => {
    await assert.rejects(Session.open(server, {}), LoginRefused);
    await using _session = await Session.open(server, { chap: { user: JOE } });
  },
});

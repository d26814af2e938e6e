/** The gates of a login: what each lets through, and their order. */
import assert from "node:assert/strict";
import { admit, type Caller, type GuardedTarget, isVisible } from "../../lib/iscsi/admission.ts";
import { LoginStatus } from "../../lib/iscsi/login_status.ts";
import { DRIVER_DEFAULTS, TARGET_DEFAULTS, type TargetAttributes } from "../../lib/scst/model.ts";
import type { DomainInitiators } from "../../lib/scst/target.ts";
import { Pattern } from "../../lib/scst/pattern.ts";
import { Random, testSeed } from "../harness/random.ts";

type Luns = ReadonlySet<string>;

const PORTAL = { hostname: "10.0.0.1", port: 3260 };
const HOST = "iqn.2026-11.org.example:host";
const CALLER: Caller = { initiator: HOST, portal: PORTAL };
const patterns = (texts: readonly string[]) => texts.map((text) => new Pattern(text));

/** A target with `luns` for all and groups of `[name, patterns, LUNs]`. */
function target(
  attributes: Partial<TargetAttributes> = {},
  luns: readonly string[] = ["disk"],
  groups: readonly [string, readonly string[], readonly string[]][] = [],
): GuardedTarget<Luns> {
  const all = { ...TARGET_DEFAULTS, ...attributes };
  return {
    attributes: all,
    allowedPortals: patterns(all.allowedPortals),
    luns: new Set(luns),
    groups: groups.map(([name, initiators, set]) => ({
      name,
      initiators: patterns(initiators),
      luns: new Set(set),
    })),
  };
}

/** What becomes of a caller, as `gate status`, or the LUNs that it sees. */
function outcome(guarded: GuardedTarget<Luns>, caller = CALLER, sessions = 0): string {
  const { status, findings, choice } = admit(DRIVER_DEFAULTS, guarded, caller, sessions);
  if (status === LoginStatus.SUCCESS) return [...choice.luns].join(" ");
  return `${findings.at(-1)?.gate} ${status.toString(16).padStart(4, "0")}`;
}

const at = (hostname: string): Caller => ({ ...CALLER, portal: { hostname, port: 3260 } });
const by = (initiator: string): Caller => ({ ...CALLER, initiator });
const elsewhere = (permanent: boolean) => ({
  portal: { hostname: "10.0.0.2", port: 3260 },
  permanent,
});

const ISNS = { hostname: "10.0.0.9", port: 3205, accessControl: true };
const WITH_ISNS = { ...DRIVER_DEFAULTS, isnsServer: ISNS };

Deno.test("admit() lets in who shares a discovery domain, where an iSNS server controls access", () => {
  const verdict = (domainInitiators: DomainInitiators | undefined, accessControl = true) => {
    const guarded = {
      ...target(),
      ...(domainInitiators === undefined ? {} : { domainInitiators }),
    };
    const driver = { ...DRIVER_DEFAULTS, isnsServer: { ...ISNS, accessControl } };
    const { status, findings } = admit(driver, guarded, CALLER, 0);
    const { says } = findings.find(({ gate }) => gate === "iSNSServer")!;
    assert.equal(isVisible(driver, guarded, CALLER), status === LoginStatus.SUCCESS);
    return `${status.toString(16).padStart(4, "0")} ${says}`;
  };
  const server = "the iSNS server 10.0.0.9:3205";
  const domain = `${server} has ${HOST} in`;
  assert.equal(verdict(new Set([HOST])), `0000 ${domain} a discovery domain with the target`);
  assert.equal(verdict(new Set(["iqn.x"])), `0203 ${domain} no discovery domain with the target`);
  assert.equal(verdict("unheard"), `0203 ${server} has not said yet who may log in`);
  assert.match(verdict(undefined), /^0000 left to the iSNS server .*: it is not asked here$/);
  assert.equal(verdict(new Set(), false), "0000 no iSNS server is asked");
});

Deno.test("admit() refuses at the first gate that is shut, whichever are shut behind it", () => {
  const gates: [string, string][] = [
    ["iscsi enabled", "0300"],
    ["enabled", "0300"],
    ["allowed_portal", "0203"],
    ["luns", "0203"],
    ["iSNSServer", "0203"],
    ["redirect", "0101"],
    ["MaxSessions", "0302"],
  ];
  for (let shut = 0; shut < 2 ** gates.length; shut++) {
    const isShut = (gate: number) => (shut >> gate & 1) === 1;
    const attributes = {
      enabled: !isShut(1),
      allowedPortals: isShut(2) ? ["10.0.0.2"] : [],
      redirect: isShut(5) ? elsewhere(false) : undefined,
      maxSessions: isShut(6) ? 2 : 3,
    };
    const domainInitiators = new Set(isShut(4) ? [] : [HOST]);
    const guarded = { ...target(attributes, isShut(3) ? [] : ["disk"]), domainInitiators };
    const driver = { ...WITH_ISNS, enabled: !isShut(0) };
    const { status, findings } = admit(driver, guarded, CALLER, 2);
    const first = gates.findIndex((_, gate) => isShut(gate));
    const asked = first < 0 ? gates : gates.slice(0, first + 1);
    assert.deepEqual(findings.map(({ gate }) => gate), asked.map(([name]) => name));
    const expected = first < 0 ? "0000" : gates[first]![1];
    assert.equal(status.toString(16).padStart(4, "0"), expected, `shut: ${shut.toString(2)}`);
    assert(findings.slice(0, -1).every((finding) => finding.status === LoginStatus.SUCCESS));
  }
});

Deno.test("admit() gives the LUNs of the first group and pattern that match", () => {
  const guarded = target({}, ["own"], [
    ["empty", [], ["none"]],
    ["late", ["iqn.2026-11.org.example:hos?", "*:exact"], ["late"]],
    ["early", ["iqn.2026-11.org.example:host", "*:exact"], ["early"]],
    ["others", ["!iqn.2026-11.org.example:*"], ["others"]],
  ]);
  const cases: [string, string][] = [
    [HOST, "late"], // no best match: the order of the groups decides
    ["iqn.2026-11.org.example:exact", "late"],
    ["iqn.2026-11.org.example:more", "own"],
    ["iqn.2026-11.com.other:x", "others"],
  ];
  for (const [initiator, luns] of cases) {
    assert.equal(outcome(guarded, by(initiator)), luns, initiator);
  }
  const { choice } = admit(DRIVER_DEFAULTS, guarded, CALLER, 0);
  assert.deepEqual(choice.match, { group: "late", pattern: "iqn.2026-11.org.example:hos?" });
});

Deno.test("admit() shuts out who has no LUN, be it by a group or for want of one", () => {
  assert.equal(outcome(target({}, [])), "luns 0203");
  assert.equal(outcome(target({}, [], [["g", [HOST], ["disk"]]])), "disk");
  assert.equal(outcome(target({}, [], [["g", [HOST], ["disk"]]]), by("iqn.x")), "luns 0203");
  assert.equal(outcome(target({}, ["own"], [["g", [HOST], []]])), "luns 0203");
});

Deno.test("admit() compares groups with name and portal under per_portal_acl", () => {
  const groups: [string, string[], string[]][] = [
    ["plain", [HOST], ["plain"]],
    ["one", [`${HOST}#10.0.0.1`], ["one"]],
    ["six", ["*#fd00::*"], ["six"]],
  ];
  const guarded = target({ perPortalAcl: true }, ["own"], groups);
  assert.equal(outcome(guarded), "one");
  assert.equal(outcome(guarded, at("10.0.0.2")), "own");
  assert.equal(outcome(guarded, at("fd00::7")), "six");
  assert.equal(outcome(target({ perPortalAcl: false }, ["own"], groups)), "plain");
});

Deno.test("admit() takes a portal that one positive pattern matches and every negative one", () => {
  const cases: [string[], string, boolean][] = [
    [[], "10.0.0.1", true],
    [["10.0.0.1"], "10.0.0.1", true],
    [["10.0.0.1"], "10.0.0.11", false],
    [["10.0.0.2", "10.*"], "10.0.0.1", true],
    [["!10.0.0.2"], "10.0.0.1", true],
    [["!10.0.0.2"], "10.0.0.2", false],
    [["10.*", "!*.2"], "10.0.0.2", false],
    [["10.*", "!*.2"], "10.0.0.1", true],
    [["10.*", "!*.2"], "11.0.0.1", false],
    [["!*.1", "!*.2"], "10.0.0.3", true],
    [["fd00::*"], "fd00::1", true],
    [["FD00::*"], "fd00::1", true],
  ];
  for (const [allowedPortals, hostname, expected] of cases) {
    const result = outcome(target({ allowedPortals }), at(hostname));
    assert.equal(
      result,
      expected ? "disk" : "allowed_portal 0203",
      `${allowedPortals} ${hostname}`,
    );
  }
});

Deno.test("admit() agrees with the words of the rule for random portals", () => {
  const random = new Random(testSeed());
  const pieces = ["10.", "*", "?", "0.", "1", "2"];
  const text = () =>
    Array.from({ length: 1 + random.below(4) }, () => random.pick(pieces)).join("");
  for (let round = 0; round < 2000; round++) {
    const positive = Array.from({ length: random.below(3) }, text);
    const negative = Array.from({ length: random.below(3) }, text);
    const hostname = `10.${random.below(3)}.0.${random.below(3)}`;
    const hits = (list: string[]) =>
      list.filter((one) => new Pattern(one).matches(hostname)).length;
    const expected = (positive.length === 0 || hits(positive) > 0) && hits(negative) === 0;
    const allowedPortals = [...negative.map((one) => `!${one}`), ...positive];
    const result = outcome(target({ allowedPortals }), at(hostname));
    assert.equal(result === "disk", expected, `${allowedPortals} ${hostname}`);
  }
});

Deno.test("admit() redirects for now or for good, but nobody who is there already", () => {
  assert.equal(outcome(target({ redirect: elsewhere(false) })), "redirect 0101");
  assert.equal(outcome(target({ redirect: elsewhere(true) })), "redirect 0102");
  assert.equal(outcome(target({ redirect: elsewhere(true) }), at("10.0.0.2")), "disk");
  const otherPort = { ...CALLER, portal: { hostname: "10.0.0.2", port: 3261 } };
  assert.equal(outcome(target({ redirect: elsewhere(true) }), otherPort), "redirect 0102");
});

Deno.test("admit() counts sessions, where they are limited", () => {
  assert.equal(outcome(target({ maxSessions: 2 }), CALLER, 1), "disk");
  assert.equal(outcome(target({ maxSessions: 2 }), CALLER, 2), "MaxSessions 0302");
  assert.equal(outcome(target({ maxSessions: 0 }), CALLER, 100_000), "disk");
});

Deno.test("isVisible() hides what nobody could log in to, and only that", () => {
  const visible = (attributes: Partial<TargetAttributes>, luns = ["disk"]) =>
    isVisible(DRIVER_DEFAULTS, target(attributes, luns), CALLER);
  assert(visible({}));
  assert(!visible({ enabled: false }));
  assert(!visible({ allowedPortals: ["10.0.0.2"] }));
  assert(!visible({}, []));
  assert(visible({ redirect: elsewhere(false) }));
  assert(visible({ maxSessions: 1 }));
});

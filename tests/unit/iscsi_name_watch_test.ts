/** Two hosts that have one initiator name are noticed, and not too often. */
import assert from "node:assert/strict";
import { NameWatch } from "../../lib/iscsi/name_watch.ts";
import type { Session } from "../../lib/iscsi/session.ts";
import { Rig } from "../harness/rig.ts";

const from = (hostname: string) => ({ remote: { hostname, port: 40000 } });
const warnings = ({ log }: Rig) => log.filter((line) => line.includes("initiator name"));

Deno.test("two hosts with one name and ISID that take over each other's session are warned of once", () => {
  using rig = new Rig();
  for (let turn = 0; turn < 6; turn++) rig.connect(from(`10.0.0.${turn % 2 + 1}`)).login(1);
  assert.deepEqual(warnings(rig), [
    "warning two hosts with one initiator name and ISID end each other's sessions, or one host " +
    "has moved: initiator=iqn.2026-11.org.scst.test:peer peer=10.0.0.2:40000 other=10.0.0.1:40000",
  ]);
});

Deno.test("one name at two addresses at a time is warned of", () => {
  using rig = new Rig();
  rig.connect(from("10.0.0.1")).login(1);
  rig.connect(from("10.0.0.2")).login(2);
  assert.deepEqual(warnings(rig), [
    "warning two hosts have one initiator name, or one host has two addresses: " +
    "initiator=iqn.2026-11.org.scst.test:peer peer=10.0.0.2:40000 other=10.0.0.1:40000",
  ]);
});

Deno.test("one host is not warned of, nor are two with names of their own", () => {
  using rig = new Rig();
  rig.connect(from("10.0.0.1")).login(1);
  rig.connect(from("10.0.0.1")).login(1);
  rig.connect(from("10.0.0.1")).login(2);
  const InitiatorName = "iqn.2026-11.org.scst.test:other";
  const other = rig.connect(from("10.0.0.2"));
  other.login(1, { InitiatorName });
  other.connection.close();
  rig.connect(from("10.0.0.4")).login(1, { InitiatorName, SessionType: "Discovery" });
  rig.connect(from("10.0.0.3")).login(1, { InitiatorName });
  rig.connect(from("10.0.0.5")).login(1, { InitiatorName, SessionType: "Discovery" });
  assert.deepEqual(warnings(rig), []);
});

Deno.test("NameWatch warns of a name again after ten minutes, and remembers a bounded number", () => {
  const lines: string[] = [];
  const watch = new NameWatch((_level, line) => lines.push(line));
  const session = (initiator: string, hostname: string) => ({
    identity: { initiator },
    connection: { remote: { hostname }, peer: `${hostname}:1` },
    isDiscovery: false,
  } as unknown as Session);
  const look = (name: string, seconds: number) => {
    lines.length = 0;
    watch.look(session(name, "10.0.0.1"), [session(name, "10.0.0.2")], undefined, seconds * 1000);
    return lines.length;
  };
  assert.deepEqual([look("a", 0), look("a", 599), look("b", 599), look("a", 601)], [1, 0, 1, 1]);
  assert.deepEqual([look("a", 602), look("b", 602)], [0, 0]);
  for (let index = 0; index < 1023; index++) look(`c${index}`, 603);
  assert.deepEqual([look("a", 604), look("b", 604)], [0, 1], "the oldest is forgotten");
});

/** The attributes of the target driver: who may log in at all, and which addresses are told. */
import assert from "node:assert/strict";
import { sendTargets } from "../../lib/iscsi/discovery.ts";
import { DRIVER_DEFAULTS } from "../../lib/scst/model.ts";
import { Rig, TARGET } from "../harness/rig.ts";
import { Field } from "../initiator/pdu.ts";

Deno.test("a driver that is not enabled refuses every login with 0300 and keeps its sessions", () => {
  using rig = new Rig();
  const before = rig.login(1);
  rig.node.driver = { ...DRIVER_DEFAULTS, enabled: false };
  for (const SessionType of ["Normal", "Discovery"]) {
    const peer = rig.connect();
    assert.equal(peer.login(2, { SessionType }).u16(Field.statusClass), 0x0300, SessionType);
    assert(peer.connection.isFinishing);
  }
  assert.match(rig.log.at(-1) ?? "", /TARGET_ERROR \(0300\): iscsi is not enabled/);
  assert.equal(before.run({ cdb: new Uint8Array(16) }).u8(Field.status), 0);
  const peer = rig.connect();
  const lost = peer.login(3, { TargetName: "iqn.2026-11.org.scst.test:no" });
  assert.equal(lost.u16(Field.statusClass), 0x0203, "a target that is not there comes first");
  rig.node.driver = DRIVER_DEFAULTS;
  assert.equal(rig.connect().login(4).u16(Field.statusClass), 0);
});

Deno.test("sendTargets() tells link-local addresses only with link_local", () => {
  using rig = new Rig();
  rig.node.portals.push({ hostname: "::", port: 3260, takesIPv4: true });
  const tell = (hostname: string) => {
    const caller = { initiator: "iqn.2026-11.org.scst.test:x", portal: { hostname, port: 3260 } };
    const [name, ...addresses] = sendTargets(rig.node, caller, TARGET, undefined) ?? [];
    assert.deepEqual(name, ["TargetName", TARGET]);
    return addresses.map(([, value]) => value);
  };
  assert.deepEqual(tell("fe80::1"), ["[fe80::1]:3260,1"]);
  rig.node.driver = { ...DRIVER_DEFAULTS, linkLocal: false };
  for (const hostname of ["fe80::1", "febf::1"]) assert.deepEqual(tell(hostname), [], hostname);
  for (const hostname of ["fec0::1", "fe8::1"]) {
    assert.deepEqual(tell(hostname), [`[${hostname}]:3260,1`], hostname);
  }
});

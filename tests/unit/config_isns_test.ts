/** `iSNSServer` and `isns_entity_name` of a configuration. */
import assert from "node:assert/strict";
import { parseConfiguration } from "../../lib/config/configuration.ts";
import { driverModel } from "../../lib/config/driver.ts";
import { formatIsnsServer } from "../../lib/config/isns_server.ts";
import { ConfigError } from "../../lib/config/problem.ts";
import type { DriverModel } from "../../lib/scst/model.ts";

const parse = (key: string, text: string): DriverModel =>
  driverModel(parseConfiguration(`portals: [127.0.0.1]\niscsi:\n  ${key}: "${text}"\n`, "f").iscsi);

function problemOf(key: string, text: string): string {
  try {
    parse(key, text);
  } catch (error) {
    assert(error instanceof ConfigError);
    assert.equal(error.problems.length, 1);
    return error.problems[0]!;
  }
  return "";
}

Deno.test("iSNSServer is a host, with a port and with access control where these are given", () => {
  const table: [string, string, number, boolean][] = [
    ["10.0.0.9", "10.0.0.9", 3205, false],
    ["10.0.0.9:13205", "10.0.0.9", 13205, false],
    ["10.0.0.9 AccessControl", "10.0.0.9", 3205, true],
    ["  10.0.0.9:1   accesscontrol ", "10.0.0.9", 1, true],
    ["10.0.0.9 AccessControl No", "10.0.0.9", 3205, false],
    ["[FD00::0:9]", "fd00::9", 3205, false],
    ["[fd00::9]:65535 AccessControl", "fd00::9", 65535, true],
    ["isns", "isns", 3205, false],
    ["isns-1.Example.org:3205", "isns-1.Example.org", 3205, false],
    ["1.isns.example", "1.isns.example", 3205, false],
  ];
  for (const [text, hostname, port, accessControl] of table) {
    const { isnsServer } = parse("iSNSServer", text);
    assert.deepEqual(isnsServer, { hostname, port, accessControl }, text);
    const written = formatIsnsServer(isnsServer!);
    assert.deepEqual(parse("iSNSServer", written).isnsServer, isnsServer, written);
  }
  assert.equal(
    "isnsServer" in driverModel(parseConfiguration("portals: [127.0.0.1]", "f").iscsi),
    false,
  );
});

Deno.test("iSNSServer refuses what is none, and says where and what is allowed", () => {
  const texts = [
    "10.0.0.9:0",
    "10.0.0.9:65536",
    "10.0.0",
    "010.0.0.9",
    "fd00::9",
    "[fd00::9",
    "[isns]",
    "-isns",
    "isns_1",
    "isns..org",
    "10.0.0.9 Access",
    "10.0.0.9 AccessControl Yes",
    "10.0.0.9 AccessControl No more",
    "AccessControl 10.0.0.9",
    `${"n".repeat(254)}`,
  ];
  for (const text of texts) {
    const problem = problemOf("iSNSServer", text);
    assert(
      problem.startsWith("f:3:15: iscsi.iSNSServer must be HOST or HOST:PORT, then"),
      problem,
    );
  }
});

Deno.test("isns_entity_name is a word in lower case that servers do not make up", () => {
  assert.equal(parse("isns_entity_name", "Host-1.Example").isnsEntityName, "host-1.example");
  assert.equal(parse("isns_entity_name", "n".repeat(255)).isnsEntityName?.length, 255);
  for (const text of ["two words", "isns:7", "ISNS:7", "n".repeat(256), "n\u00e4me"]) {
    const problem = problemOf("isns_entity_name", text);
    assert.match(
      problem,
      /isns_entity_name must be a name of 1 to 255 printable ASCII characters/,
    );
  }
});

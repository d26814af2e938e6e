import assert from "node:assert/strict";
import { parsePortal, portalHint, portalsOverlap } from "../../lib/config/portal.ts";
import { formatPortal } from "../../lib/scst/model.ts";

Deno.test("parsePortal() takes IPv4 and bracketed IPv6 with and without a port", () => {
  const table: [string, string, number][] = [
    ["127.0.0.1", "127.0.0.1", 3260],
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["0.0.0.0:65535", "0.0.0.0", 65535],
    ["[::]", "::", 3260],
    ["[::1]:3261", "::1", 3261],
    ["[2001:DB8:0:0::1]:80", "2001:db8::1", 80],
    ["[0:0:0:0:0:0:0:1]", "::1", 3260],
    ["[::ffff:10.0.0.1]:1", "10.0.0.1", 1], // an IPv4 address
    ["[::FFFF:7f00:1]", "127.0.0.1", 3260],
    ["[::7f00:1]", "::7f00:1", 3260],
  ];
  for (const [text, hostname, port] of table) {
    assert.deepEqual(parsePortal(text), { hostname, port }, text);
  }
});

Deno.test("parsePortal() refuses what is not an address", () => {
  const invalid = [
    "",
    ":3260",
    "3260",
    "localhost",
    "example.org:3260",
    "127.1",
    "127.0.0.256",
    "127.0.0.01",
    "0x7f.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:3260 ",
    "127.0.0.1/8",
    "::1",
    "::1:3260",
    "[::1",
    "[::1]3260",
    "[]",
    "[:::1]",
    "[127.0.0.1]",
    "[fe80::1%eth0]",
    "[localhost]",
  ];
  for (const text of invalid) assert.equal(parsePortal(text), undefined, text);
});

Deno.test("portalHint() says what was probably meant", () => {
  const table: [string, string | undefined][] = [
    ["::1", 'an IPv6 address needs brackets, write "[::1]"'],
    ["localhost:3260", "host names are not looked up, write the address"],
    ["127.0.0.1:70000", "a port is 0 to 65535"],
    ["[fe80::1%eth0]:3260", "an address with a zone is not taken"],
    ["127.1", undefined],
  ];
  for (const [text, hint] of table) assert.equal(portalHint(text), hint, text);
});

Deno.test("formatPortal() gives what parsePortal() takes", () => {
  for (const text of ["127.0.0.1:3260", "[::1]:0", "[2001:db8::1]:80"]) {
    const portal = parsePortal(text);
    assert.ok(portal);
    assert.equal(formatPortal(portal), text);
  }
});

Deno.test("portalsOverlap() knows the wildcard and leaves port 0 alone", () => {
  const table: [string, string, boolean][] = [
    ["127.0.0.1", "127.0.0.1:3260", true],
    ["127.0.0.1:1", "127.0.0.1:2", false],
    ["127.0.0.1:0", "127.0.0.1:0", false],
    ["0.0.0.0", "10.0.0.1", true],
    ["10.0.0.1", "0.0.0.0", true],
    ["[::]", "[::1]", true],
    ["[::]", "0.0.0.0", false],
    ["10.0.0.1", "10.0.0.2", false],
  ];
  for (const [a, b, overlap] of table) {
    const [first, second] = [parsePortal(a), parsePortal(b)];
    assert.ok(first && second);
    assert.equal(portalsOverlap(first, second), overlap, `${a} ${b}`);
  }
});

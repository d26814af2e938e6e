/** How the address of a socket is written: IPv6 as RFC 5952 says, IPv4 in it as IPv4. */
import assert from "node:assert/strict";
import { localAddress, type SocketAddress } from "../../ffi/socket.ts";
import { withBoundSocket } from "../harness/bound_socket.ts";

/** The eight groups in full, and what stands for them. */
const WRITTEN: readonly [full: string, written: string][] = [
  // 4.1: no leading zeros
  ["2001:0db8:000a:00b0:0c00:d000:0001:0010", "2001:db8:a:b0:c00:d000:1:10"],
  // 4.2.1: as short as possible
  ["0000:0000:0000:0000:0000:0000:0000:0001", "::1"],
  ["2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"],
  ["2001:0db8:0001:0002:0003:0004:0000:0000", "2001:db8:1:2:3:4::"],
  ["0000:0000:0001:0002:0003:0004:0005:0006", "::1:2:3:4:5:6"],
  ["2001:0000:0000:0000:0000:0000:0000:0000", "2001::"],
  // 4.2.2: one group is not shortened
  ["2001:0db8:0000:0001:0001:0001:0001:0001", "2001:db8:0:1:1:1:1:1"],
  ["0000:2001:0db8:0001:0000:0001:0001:0000", "0:2001:db8:1:0:1:1:0"],
  // 4.2.3: the longest run, and of equal ones the first
  ["2001:0000:0000:0001:0000:0000:0000:0001", "2001:0:0:1::1"],
  ["2001:0000:0000:0000:0001:0000:0000:0001", "2001::1:0:0:1"],
  ["2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"],
  // groups that end or begin with a zero digit are no zeros
  ["2010:0000:0000:0100:0000:0000:0010:0000", "2010::100:0:0:10:0"],
  // 4.3: lower case
  ["2001:0DB8:ABCD:EF01:2345:6789:ABCD:EF01", "2001:db8:abcd:ef01:2345:6789:abcd:ef01"],
  // 5: an IPv4-mapped address is one of IPv4
  ["0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"],
];

function groupsOf(full: string): number[] {
  return full.split(":").map((group) => parseInt(group, 16));
}

function addressOf(full: string, port: number): SocketAddress | undefined {
  return withBoundSocket(groupsOf(full), port, (fd) => localAddress(fd));
}

const missing = withBoundSocket(groupsOf(WRITTEN[0]![0]), 0, () => true) === undefined;

Deno.test({
  name: `localAddress() writes addresses as RFC 5952 says${missing ? " [IPv6 missing]" : ""}`,
  ignore: missing,
  fn: () => {
    for (const [full, written] of WRITTEN) {
      const port = 40000 + WRITTEN.findIndex(([other]) => other === full);
      assert.deepEqual(addressOf(full, port), { hostname: written, port }, full);
    }
  },
});

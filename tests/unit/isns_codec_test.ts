/** iSNSP on the wire: golden bytes, bytes cut anywhere, and bytes that are wrong. */
import assert from "node:assert/strict";
import {
  address,
  type Attribute,
  empty,
  IsnsFormatError,
  numberOf,
  text,
  textOf,
  uint32,
} from "../../lib/isns/attribute.ts";
import { FunctionId, RESPONSE } from "../../lib/isns/function_id.ts";
import { encodeMessage, type Message, MessageReader } from "../../lib/isns/message.ts";
import { Tag } from "../../lib/isns/tag.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { serverPdu } from "../harness/isns_stand_in.ts";
import { Random, testSeed } from "../harness/random.ts";

const MOST = 2 ** 20;

function read(bytes: Uint8Array, most = MOST): Message[] {
  return [...new MessageReader(most).take(bytes)];
}

function plain({ functionId, transactionId, status, attributes }: Message) {
  const values = attributes.map(({ tag, value }) => [tag, toHex(value)]);
  return { functionId, transactionId, status, values };
}

/** SCNReg of one node: RFC 4171 5.1, 5.6.1, 5.6.5.5. */
const SCN_REG = `0001 0005 0034 8c00 0007 0000
  00000020 00000008 69716e2e783a7400
  00000020 00000008 69716e2e783a7400
  00000000 00000000
  00000023 00000004 0000009c`;

/** ESI as Open-iSNS sends it, with the flag of a client: 5.6.5.13. */
const ESI = `0001 000d 0040 8c00 0102 0000
  00000004 00000008 000000006543abcd
  00000001 00000004 766d0000
  00000010 00000010 00000000000000000000ffff0a000001
  00000011 00000004 00000cbc`;

/** The same entity registered; the answer of a server: 5.7.5.1. */
const REG_RSP = `0001 8001 0030 4c00 0001 0000
  00000000
  00000001 00000004 766d0000
  00000000 00000000
  00000001 00000004 766d0000
  00000006 00000004 00000258`;

Deno.test("encodeMessage() writes a request as RFC 4171 has it", () => {
  const name = text(Tag.ISCSIName, "iqn.x:t");
  const bytes = encodeMessage({
    functionId: FunctionId.SCNReg,
    transactionId: 7,
    status: undefined,
    attributes: [name, name, empty(Tag.Delimiter), uint32(Tag.ISCSISCNBitmap, 0x9c)],
  });
  assert.equal(toHex(bytes), toHex(hexBytes(SCN_REG)));
});

Deno.test("encodeMessage() writes the flags of a registration that replaces, and of an answer", () => {
  const flags = (message: Partial<Message>) => {
    const whole = {
      functionId: 1,
      transactionId: 1,
      status: undefined,
      attributes: [],
      ...message,
    };
    return toHex(encodeMessage(whole).subarray(6, 8));
  };
  assert.equal(flags({ isReplacing: true }), "9c00");
  assert.equal(flags({ isReplacing: false }), "8c00");
  assert.equal(flags({ functionId: 0x800d, status: 0 }), "8c00");
});

Deno.test("MessageReader reads requests and responses of a server", () => {
  const [esi, ...none] = read(hexBytes(ESI));
  assert(esi !== undefined && none.length === 0);
  assert.deepEqual([esi.functionId, esi.transactionId, esi.status], [0x000d, 0x0102, undefined]);
  assert.deepEqual(esi.attributes.map(({ tag }) => tag), [4, 1, 16, 17]);
  assert.equal(textOf(esi.attributes[1]!), "vm");
  assert.equal(numberOf(esi.attributes[3]!), 3260);
  const [answer] = read(hexBytes(REG_RSP));
  assert(answer !== undefined);
  assert.deepEqual([answer.functionId, answer.transactionId, answer.status], [0x8001, 1, 0]);
  assert.equal(numberOf(answer.attributes.at(-1)!), 600);
});

Deno.test("address() writes IPv4 addresses as mapped ones, and IPv6 in any notation", () => {
  const table: [string, string][] = [
    ["10.0.0.255", "00000000000000000000ffff0a0000ff"],
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["fd00::a:0:1", "fd00000000000000" + "0000000a00000001"],
    ["2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
    ["2001:DB8::", "20010db8" + "00".repeat(12)],
  ];
  for (const [hostname, hex] of table) {
    const { value } = address(Tag.PortalIPAddress, hostname);
    assert.equal(toHex(value), toHex(hexBytes(hex)), hostname);
  }
});

Deno.test("text() ends with a NUL and fills four bytes, whatever its length", () => {
  for (let length = 0; length < 9; length++) {
    const { value } = text(Tag.ISCSIAlias, "a".repeat(length));
    assert.equal(value.length % 4, 0);
    assert(value.length > length && value.length <= length + 4);
    assert.equal(textOf({ tag: Tag.ISCSIAlias, value }), "a".repeat(length));
  }
  assert.equal(textOf(text(Tag.ISCSIAlias, "Gr\u00f6\u00dfe")), "Gr\u00f6\u00dfe");
});

/** A message of random attributes. */
function randomMessage(random: Random): Message {
  const attributes: Attribute[] = Array.from({ length: random.below(12) }, () =>
    random.pick([
      () => text(Tag.ISCSIName, "iqn.x:".padEnd(6 + random.below(217), "n")),
      () => text(Tag.ISCSIAlias, "\u00e4".repeat(random.below(100))),
      () => uint32(Tag.ISCSINodeType, random.below(2 ** 32)),
      () => empty(random.pick([0, 1, 16, 32, 9999])),
      () => address(Tag.PortalIPAddress, "10.0.0.1"),
      () => ({ tag: 0x10000 + random.below(9), value: random.bytes(4 * random.below(20)) }),
    ])());
  const isResponse = random.below(2) === 0;
  return {
    functionId: isResponse ? FunctionId.DevAttrQry | RESPONSE : FunctionId.SCN,
    transactionId: random.below(65536),
    status: isResponse ? random.below(24) : undefined,
    attributes,
  };
}

Deno.test("MessageReader gives back random messages, however their bytes are cut", () => {
  const random = new Random(testSeed());
  for (let round = 0; round < 300; round++) {
    const messages = Array.from({ length: 1 + random.below(4) }, () => randomMessage(random));
    const pdus = messages.map(serverPdu);
    const stream = new Uint8Array(pdus.flatMap((pdu) => [...pdu]));
    const reader = new MessageReader(MOST);
    const found: Message[] = [];
    for (let at = 0; at < stream.length;) {
      const length = 1 + random.below(random.pick([2, 20, 2000]));
      found.push(...reader.take(stream.subarray(at, at + length)));
      at += length;
    }
    assert.deepEqual(found.map(plain), messages.map(plain));
    assert(!reader.isWithin);
  }
});

Deno.test("MessageReader waits for the rest of a message that is cut at any byte", () => {
  for (const hex of [ESI, REG_RSP, SCN_REG]) {
    const bytes = hexBytes(hex);
    const whole = read(bytes).map(plain);
    for (let cut = 0; cut < bytes.length; cut++) {
      const reader = new MessageReader(MOST);
      assert.deepEqual([...reader.take(bytes.subarray(0, cut))], [], `cut at ${cut}`);
      assert.equal(reader.isWithin, cut > 0);
      assert.deepEqual([...reader.take(bytes.subarray(cut))].map(plain), whole, `cut at ${cut}`);
    }
  }
});

Deno.test("MessageReader takes a message whose payload ends early for none", () => {
  for (const hex of [ESI, REG_RSP]) {
    const bytes = hexBytes(hex);
    const isResponse = hex === REG_RSP;
    const ends = new Set<number>(); // where a shorter payload is a message as well
    for (let at = 12 + (isResponse ? 4 : 0); at <= bytes.length;) {
      ends.add(at);
      at += 8 + new DataView(bytes.buffer).getUint32(Math.min(at, bytes.length - 8) + 4);
    }
    for (let length = 12; length < bytes.length; length += 4) {
      const short = bytes.slice(0, length);
      new DataView(short.buffer).setUint16(4, length - 12);
      if (ends.has(length)) assert.equal(read(short).length, 1, `length ${length}`);
      else assert.throws(() => read(short), IsnsFormatError, `length ${length}`);
    }
  }
});

Deno.test("MessageReader ends with an IsnsFormatError or a message, whatever bits are wrong", () => {
  const random = new Random(testSeed());
  let faults = 0;
  for (let round = 0; round < 4000; round++) {
    const bytes = hexBytes(random.pick([ESI, REG_RSP, SCN_REG]));
    for (let count = 1 + random.below(3); count > 0; count--) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    try {
      for (const { attributes } of read(bytes)) {
        for (const one of attributes) assert(textOf(one) !== null && numberOf(one) !== null);
      }
    } catch (error) {
      assert(error instanceof IsnsFormatError, String(error));
      faults += 1;
    }
  }
  assert(faults > 1000, `${faults} faults`);
});

Deno.test("MessageReader names what is wrong", () => {
  const table: [string, RegExp][] = [
    ["0002 0008 0000 4c00 0001 0000", /iSNSP version 2 instead of 1/],
    ["0001 0008 0002 4c00 0001 0000", /PDU length of 2, a multiple of 4/],
    ["0001 0008 0000 0c00 0001 0000", /flags 0c00 name no sender/],
    ["0001 0008 0000 cc00 0001 0000", /flags cc00 name no sender/],
    ["0001 0008 0000 6c00 0001 0000", /authentication block/],
    ["0001 0008 0000 4c00 0001 0001", /sequence ID 1 instead of 0/],
    ["0001 0008 0000 4800 0001 0000", /SCN \(0008\) has no first PDU/],
    ["0001 0008 0000 4400 0001 0000", /without payload that is not the last/],
    ["0001 8002 0000 4c00 0001 0000", /DevAttrQryRsp \(8002\) has no status/],
    ["0001 0008 0004 4c00 0001 0000 00000020", /4 bytes behind the last attribute/],
    ["0001 0008 0008 4c00 0001 0000 00000020 00000004", /ISCSIName \(32\) has a length of 4/],
    ["0001 0008 000c 4c00 0001 0000 00000020 00000003 61620000", /length of 3, a multiple of 4/],
    ["0001 0008 000c 4c00 0001 0000 00000020 ffffffff 61620000", /length of 4294967295/],
    ["0001 0008 000c 4c00 0001 0000 00000020 00000004 61626364", /text without a NUL/],
    ["0001 0008 000c 4c00 0001 0000 00000020 00000004 61006200", /text with a NUL in it/],
    ["0001 0008 000c 4c00 0001 0000 00000020 00000004 ff000000", /text that is not UTF-8/],
    ["0001 0008 000c 4c00 0001 0000 00000010 00000004 0a000001", /4 bytes instead of 16/],
    ["0001 0008 000c 4c00 0001 0000 00000000 00000004 00000000", /4 bytes instead of none/],
  ];
  for (const [hex, expected] of table) {
    assert.throws(() => read(hexBytes(hex)), (error: Error) => {
      assert(error instanceof IsnsFormatError);
      assert.match(error.message, expected);
      return true;
    });
  }
  const long = text(Tag.ISCSIName, "n".repeat(224));
  const pdu = serverPdu({ functionId: 8, transactionId: 1, status: undefined, attributes: [long] });
  assert.throws(() => read(pdu), /ISCSIName \(32\) has 228 bytes, 224 are allowed/);
});

/** The PDUs of a message, with the payload in pieces. */
function inPieces(payload: Uint8Array, size: number, functionId = 0x8002): Uint8Array[] {
  const pdus: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const piece = payload.subarray(at, at + size);
    const pdu = new Uint8Array(12 + piece.length);
    const isLast = at + size >= payload.length;
    const flags = 0x4000 | (at === 0 ? 0x0400 : 0) | (isLast ? 0x0800 : 0);
    const view = new DataView(pdu.buffer);
    [1, functionId, piece.length, flags, 9, pdus.length].forEach((field, index) =>
      view.setUint16(index * 2, field)
    );
    pdu.set(piece, 12);
    pdus.push(pdu);
  }
  return pdus;
}

Deno.test("MessageReader joins the PDUs of a message, wherever they are cut", () => {
  const message = { functionId: 0x8002, transactionId: 9, status: 0 };
  const attributes = Array.from({ length: 40 }, (_, at) => text(Tag.ISCSIName, `iqn.x:${at}`));
  const payload = encodeMessage({ ...message, attributes }).subarray(12);
  for (const size of [4, 8, 12, 400, 4000]) {
    const reader = new MessageReader(MOST);
    const found = inPieces(payload, size).flatMap((pdu) => [...reader.take(pdu)]);
    assert.deepEqual(found.map(plain), [plain({ ...message, attributes })], `pieces of ${size}`);
  }
});

Deno.test("MessageReader bounds a message that does not end, in bytes and in PDUs", () => {
  const reader = new MessageReader(100);
  const pieces = inPieces(new Uint8Array(200), 40);
  reader.take(pieces[0]!).next();
  reader.take(pieces[1]!).next();
  assert.throws(() => reader.take(pieces[2]!).next(), /a message of more than 100 bytes/);
  const many = new MessageReader(MOST);
  assert.throws(() => {
    for (const pdu of inPieces(new Uint8Array(8192), 4)) many.take(pdu).next();
  }, /a message of more than 1024 PDUs/);
});

Deno.test("MessageReader takes no PDU of another message amidst one", () => {
  const [first, second] = inPieces(new Uint8Array(80), 40);
  const refuse = (change: (view: DataView) => void, expected: RegExp) => {
    const reader = new MessageReader(MOST);
    reader.take(first!).next();
    const other = second!.slice();
    change(new DataView(other.buffer));
    assert.throws(() => reader.take(other).next(), expected);
  };
  refuse((view) => view.setUint16(8, 10), /amidst another message/);
  refuse((view) => view.setUint16(2, 0x8001), /amidst another message/);
  refuse((view) => view.setUint16(10, 2), /sequence ID 2 instead of 1/);
  refuse((view) => view.setUint16(6, 0x4400), /began before the last one ended/);
});

/** What goes over /dev/fuse, byte by byte, and what becomes of requests that nobody should send. */
import assert from "node:assert/strict";
import { OutHeader } from "../../lib/admin/fuse/abi.ts";
import { Dispatcher } from "../../lib/admin/fuse/dispatcher.ts";
import { ServedTree } from "../../lib/admin/fuse/served_tree.ts";
import { body, FuseKernel, OWNER, requestBytes } from "../harness/fuse_kernel.ts";
import { constant, link, MemoryDirectory } from "../harness/fuse_tree.ts";
import { hexBytes, toHex } from "../harness/hex.ts";
import { Random, testSeed } from "../harness/random.ts";

const ROOT = 1;

/** Linux 6.18's first request: 7.45. */
const INIT_REQUEST =
  "68000000 1a000000 0200000000000000 0000000000000000 00000000 00000000 00000000" +
  "00000000 07000000 2d000000 00000200 fbfffff3 1f000000" + "00".repeat(44);

const GOLDEN: [name: string, request: string, answer: string][] = [
  [
    "INIT",
    INIT_REQUEST,
    // 7.31; of the abilities offered those that are used; max_write 131072, 1 s, 32 pages
    "50000000 00000000 0200000000000000 07000000 1f000000 00000200 28604400 0000 0000 00000200" +
    "00ca9a3b 2000 0000 00000000" + "00".repeat(28),
  ],
  [
    "INIT of a kernel that speaks 7.22",
    "38000000 1a000000 0200000000000000 0000000000000000 00000000 00000000 00000000 00000000" +
    "07000000 16000000 00000200 ffffffff",
    "28000000 00000000 0200000000000000 07000000 16000000 00000200 28604400 00000000 00000200",
  ],
  [
    "LOOKUP of a file",
    "2c000000 01000000 0400000000000000 0100000000000000 00000000 00000000 67120000 00000000 61626300",
    "90000000 00000000 0400000000000000" +
    // nodeid 2, generation, entry_valid 0, attr_valid 3600, nanoseconds
    "0200000000000000 0000000000000000 0000000000000000 100e000000000000 00000000 00000000" +
    // ino, size 4096, blocks, three times, their nanoseconds
    "0200000000000000 0010000000000000 0000000000000000 e703000000000000 e703000000000000" +
    "e703000000000000 00000000 00000000 00000000" +
    // 0100644, nlink 1, uid 1000, gid 100, rdev, blksize 4096, padding
    "a4810000 01000000 e8030000 64000000 00000000 00100000 00000000",
  ],
  [
    "GETATTR of a link",
    "38000000 03000000 0600000000000000 0300000000000000 00000000 00000000 67120000 00000000" +
    "00000000 00000000 0000000000000000",
    "78000000 00000000 0600000000000000 100e000000000000 00000000 00000000" +
    "0300000000000000 0600000000000000 0000000000000000 e703000000000000 e703000000000000" +
    "e703000000000000 00000000 00000000 00000000" +
    "ffa10000 01000000 e8030000 64000000 00000000 00100000 00000000",
  ],
  [
    "READLINK",
    "28000000 05000000 0800000000000000 0300000000000000 00000000 00000000 67120000 00000000",
    "16000000 00000000 0800000000000000 2e2e2f616263",
  ],
  [
    "a name that is not there",
    "2a000000 01000000 0a00000000000000 0100000000000000 00000000 00000000 67120000 00000000 6e00",
    "10000000 feffffff 0a00000000000000",
  ],
  [
    "OPEN",
    "30000000 0e000000 0c00000000000000 0200000000000000 00000000 00000000 67120000 00000000" +
    "02800000 00000000",
    "20000000 00000000 0c00000000000000 0100000000000000 21000000 00000000",
  ],
  [
    "OPENDIR",
    "30000000 1b000000 0e00000000000000 0100000000000000 00000000 00000000 67120000 00000000" +
    "00880100 00000000",
    "20000000 00000000 0e00000000000000 0100000000000000 00000000 00000000",
  ],
  [
    "READDIR",
    "50000000 1c000000 1000000000000000 0100000000000000 00000000 00000000 67120000 00000000" +
    "0100000000000000 0000000000000000 00100000 00000000 0000000000000000 00000000 00000000",
    "90000000 00000000 1000000000000000" +
    "0100000000000000 0100000000000000 01000000 04000000 2e00000000000000" +
    "0100000000000000 0200000000000000 02000000 04000000 2e2e000000000000" +
    "0200000000000000 0300000000000000 03000000 08000000 6162630000000000" +
    "0300000000000000 0400000000000000 04000000 0a000000 6c696e6b00000000",
  ],
  [
    "STATFS",
    "28000000 11000000 1200000000000000 0100000000000000 00000000 00000000 67120000 00000000",
    "60000000 00000000 1200000000000000" + "00".repeat(40) + "00100000 ff000000 00100000" +
    "00".repeat(28),
  ],
  [
    "MKDIR",
    "34000000 09000000 1400000000000000 0100000000000000 00000000 00000000 67120000 00000000" +
    "ed010000 12000000 6e657700",
    "10000000 ffffffff 1400000000000000",
  ],
  [
    "what is not known",
    "28000000 e7030000 1600000000000000 0100000000000000 00000000 00000000 67120000 00000000",
    "10000000 daffffff 1600000000000000",
  ],
  [
    "RELEASE",
    "40000000 12000000 1800000000000000 0200000000000000 00000000 00000000 67120000 00000000" +
    "0100000000000000 02800000 00000000 0000000000000000",
    "10000000 00000000 1800000000000000",
  ],
];

Deno.test("requests and answers are what fuse.h says, byte by byte", () => {
  const now = Date.now;
  Date.now = () => 999_000;
  let sent = "";
  try {
    const abc = { ...constant("abc\n", 0o644), write: () => {} };
    const root = new MemoryDirectory({ abc, link: link("../abc") });
    const tree = new ServedTree(root, OWNER, (_, line) => assert.fail(line));
    const dispatcher = new Dispatcher(tree, (header, rest) => {
      assert.equal(header.length, OutHeader.SIZE);
      sent += toHex(header) + toHex(rest);
    });
    for (const [name, request, answer] of GOLDEN) {
      if (name.startsWith("GETATTR")) tree.nodes.lookup(tree.nodes.get(ROOT)!, "link", true);
      const plain = (hex: string) => hex.replaceAll(/\s/g, "");
      sent = "";
      dispatcher.receive(hexBytes(request));
      assert.equal(plain(sent), plain(answer), name);
    }
  } finally {
    Date.now = now;
  }
});

/** fuse_read_in */
function reading(fh: number, offset: number, size: number): Uint8Array {
  return body(BigInt(fh), BigInt(offset), size, 0, 0n, 0, 0);
}

/** fuse_write_in, and the data */
function writing(fh: number, data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return body(BigInt(fh), 0n, bytes.length, 0, 0n, 0, 0, bytes);
}

async function openFile(kernel: FuseKernel, path: string, flags = 0, uid = 0): Promise<number> {
  const answer = await kernel.ask(14, await kernel.walk(path), body(flags, 0), uid);
  return answer.error !== 0 ? answer.error : Number(answer.view.getBigUint64(0, true));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

interface Listed {
  readonly name: string;
  readonly nodeid: number;
  readonly next: number;
}

/** Takes a piece of a listing apart. */
function entriesOf(bytes: Uint8Array, isPlus: boolean): Listed[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Listed[] = [];
  for (let at = 0; at < bytes.length;) {
    const nodeid = isPlus ? Number(view.getBigUint64(at, true)) : 0;
    if (isPlus) at += 128;
    const length = view.getUint32(at + 16, true);
    const name = textOf(bytes.subarray(at + 24, at + 24 + length));
    entries.push({ name, nodeid, next: Number(view.getBigUint64(at + 8, true)) });
    at += 24 + Math.ceil(length / 8) * 8;
  }
  return entries;
}

Deno.test("a read at offset 0 asks the file anew, and others go on with what it said", async () => {
  const kernel = new FuseKernel();
  const fh = await openFile(kernel, "counter");
  const read = async (offset: number, size: number) =>
    textOf((await kernel.ask(15, 1, reading(fh, offset, size))).bytes);
  assert.equal(await read(5, 1), "1");
  assert.equal(await read(0, 4), "read");
  assert.equal(await read(5, 100), "2\n");
  assert.equal(await read(7, 100), "");
  assert.equal(await read(2 ** 40, 100), "");
  assert.equal(await read(0, 4096), "read 3\n");
});

Deno.test("modes are checked in OPEN, for root as in kernfs and for others as by the kernel", async () => {
  const kernel = new FuseKernel();
  const [RDONLY, WRONLY, RDWR, EACCES] = [0, 1, 2, -13];
  const cases: [path: string, flags: number, uid: number, expected: "open" | number][] = [
    ["version", RDONLY, 0, "open"],
    ["version", WRONLY, 0, EACCES],
    ["version", RDWR, 0, EACCES],
    ["write_only", RDONLY, 0, EACCES],
    ["write_only", WRONLY | 0o2000 | 0o1000, 0, "open"],
    ["write_only", WRONLY, 1000, "open"],
    ["write_only", WRONLY, 7, EACCES],
    ["value", RDWR, 7, EACCES],
    ["value", RDONLY, 7, "open"],
    ["secret", RDONLY, 7, EACCES],
    ["secret", RDWR, 1000, "open"],
    ["devices", RDONLY, 0, -21],
    ["devices/disk1/handler", RDONLY, 0, -40],
    ["value", 3, 0, -22],
  ];
  for (const [path, flags, uid, expected] of cases) {
    const fh = await openFile(kernel, path, flags, uid);
    assert.equal(fh > 0 ? "open" : fh, expected, `${path} ${flags} ${uid}`);
  }
});

Deno.test("a write is one store operation, and its failure an errno and a line of the log", async () => {
  const kernel = new FuseKernel();
  const value = await openFile(kernel, "value", 1);
  const answer = await kernel.ask(16, 1, writing(value, "one\ntwo\n"));
  assert.equal(answer.view.getUint32(0, true), 8);
  assert.deepEqual(kernel.test.stored, [["value", "one\ntwo\n"]]);
  const fail = await openFile(kernel, "fail", 1);
  assert.equal((await kernel.ask(16, 1, writing(fail, "EBADSLT\n"))).error, -57);
  assert.equal((await kernel.ask(16, 1, writing(fail, "EMEDIUMTYPE\n"))).error, -124);
  assert.equal((await kernel.ask(16, 1, writing(value, new Uint8Array(131072)))).error, -22);
  assert.equal((await kernel.ask(16, 1, writing(value, new Uint8Array(3)))).error, -22);
  assert.equal((await kernel.ask(16, 1, writing(99, "x"))).error, -9);
  assert.deepEqual(kernel.test.stored.length, 1);
  assert.equal(
    kernel.lines[0],
    "warning A write to fail was refused (EBADSLT): the test wants EBADSLT",
  );
  assert.equal(kernel.lines.length, 4);
});

Deno.test("who is interrupted is answered at once, once, and what was begun goes on", async () => {
  const kernel = new FuseKernel();
  const hold = await openFile(kernel, "hold", 1);
  const [first, second] = [writing(hold, "first"), writing(hold, "second")];
  const unique = kernel.send(16, 1, first);
  const other = kernel.ask(16, 1, second);
  assert.equal(kernel.dispatcher.pending, 2);
  assert.deepEqual(kernel.answers, []);
  kernel.send(36, 0, body(unique));
  assert.deepEqual(kernel.answers.map(({ error, unique }) => [error, unique]), [[-4, unique]]);
  kernel.send(36, 0, body(unique));
  kernel.send(36, 0, body(4711n));
  kernel.test.letGo();
  assert.equal((await other).error, 0);
  assert.equal(kernel.answers.length, 1);
  assert.deepEqual(kernel.test.stored.map(([, text]) => text), ["first", "second"]);
  assert.equal(kernel.dispatcher.pending, 0);
});

Deno.test("what is open goes on with what it has read when its object is gone, and no further", async () => {
  const kernel = new FuseKernel();
  const nodeid = await kernel.walk("devices/disk1/type");
  const fh = await openFile(kernel, "devices/disk1/type");
  const ENODEV = -19;
  const ENOENT = -2;
  await kernel.ask(15, nodeid, reading(fh, 0, 4));
  kernel.test.devices.entries.delete("disk1");
  assert.equal(textOf((await kernel.ask(15, nodeid, reading(fh, 4, 13))).bytes), "Direct-access");
  assert.equal((await kernel.ask(15, nodeid, reading(fh, 0, 13))).error, ENODEV);
  const attributes = await kernel.ask(3, nodeid, body(0, 0, 0n));
  assert.equal(attributes.view.getUint32(76, true), 0o100444, "fstat(2) goes on");
  assert.equal(await kernel.walk("devices/disk1"), ENOENT);
});

for (const isPlus of [false, true]) {
  const name = isPlus ? "READDIRPLUS" : "READDIR";
  Deno.test(`${name} gives each name once, in order, whatever comes and goes meanwhile`, async () => {
    const kernel = new FuseKernel();
    const { entries } = kernel.test.devices;
    for (let index = 0; index < 300; index++) {
      entries.set(`n${index}`, constant(""));
    }
    const directory = await kernel.walk("devices");
    const opened = await kernel.ask(27, directory, body(0, 0));
    const fh = Number(opened.view.getBigUint64(0, true));
    const seen: Listed[] = [];
    for (let offset = 0;;) {
      const request = reading(fh, offset, isPlus ? 1000 : 300);
      const piece = entriesOf(
        (await kernel.ask(isPlus ? 44 : 28, directory, request)).bytes,
        isPlus,
      );
      if (piece.length === 0) break;
      seen.push(...piece);
      offset = piece.at(-1)!.next;
      entries.delete("n290");
      entries.set(`late${offset}`, constant(""));
    }
    const expected = [".", "..", "mgmt", "disk1"];
    for (let index = 0; index < 300; index++) if (index !== 290) expected.push(`n${index}`);
    assert.deepEqual(seen.map(({ name }) => name), expected);
    const told = seen.filter(({ nodeid }) => nodeid !== 0);
    assert.equal(told.length, isPlus ? 301 : 0);
    // The root, and `devices` itself, are what is left when these are forgotten.
    const forgotten = told.flatMap(({ nodeid }) => [BigInt(nodeid), 1n]);
    kernel.send(42, 0, body(told.length, 0, ...forgotten));
    assert.equal(kernel.tree.nodes.size, 2);
    await kernel.ask(29, directory, body(BigInt(fh), 0, 0, 0n));
    assert.equal(kernel.tree.directories.size, 0);
  });
}

Deno.test("a name that is no file name is left out of a listing, and complained about once", async () => {
  const root = new MemoryDirectory({ a: constant("") });
  for (const name of ["a/b", "..", "", "x\0", "u".repeat(256), "\u2713".repeat(86)]) {
    root.entries.set(name, constant(""));
  }
  root.entries.set("z".repeat(255), constant(""));
  const kernel = new FuseKernel(root);
  const fh = Number((await kernel.ask(27, 1, body(0, 0))).view.getBigUint64(0, true));
  for (let turn = 0; turn < 2; turn++) {
    const listed = entriesOf((await kernel.ask(28, 1, reading(fh, 0, 4096))).bytes, false);
    assert.deepEqual(listed.map(({ name }) => name.length), [1, 2, 1, 255]);
  }
  assert.equal(kernel.lines.length, 6);
  assert.equal(await kernel.walk(".."), -2);
});

Deno.test("a tree that throws, and a request that is cut, are answered with EIO and logged", async () => {
  const root = new MemoryDirectory({
    bad: {
      kind: "file",
      mode: 0o444,
      read: () => {
        throw new Error("broken");
      },
    },
  });
  const kernel = new FuseKernel(root);
  const fh = await openFile(kernel, "bad");
  assert.equal((await kernel.ask(15, 1, reading(fh, 0, 10))).error, -5);
  assert.match(
    kernel.lines.pop()!,
    /^error bug in scst, please report it \(docs\/security\.md\): READ: Error: broken/,
  );
  assert.equal((await kernel.ask(15, 1, new Uint8Array(39))).error, -5);
  assert.match(kernel.lines.pop()!, /^error A malformed READ of the kernel: 39 bytes where 40/);
  assert.equal((await kernel.ask(16, 1, body(BigInt(fh), 0n, 100, 0, 0n, 0, 0))).error, -5);
  assert.equal((await kernel.ask(1, 1, new Uint8Array([65, 66]))).error, -5);
  assert.equal((await kernel.ask(1, 1, new Uint8Array([0xff, 0xfe, 0]))).error, -2);
  kernel.lines.length = 0;
  kernel.send(42, 0, body(1000, 0));
  kernel.send(36, 0);
  kernel.dispatcher.receive(new Uint8Array(39));
  assert.equal(kernel.lines.length, 3);
  assert.deepEqual(kernel.answers, []);
});

Deno.test("changes of modes and owners are refused, those of sizes and times do nothing", async () => {
  const kernel = new FuseKernel();
  const nodeid = await kernel.walk("value");
  const set = async (valid: number) =>
    (await kernel.ask(4, nodeid, body(valid, 0, new Uint8Array(80)))).error;
  const EPERM = -1;
  for (const valid of [1, 2, 4, 1 | 8]) assert.equal(await set(valid), EPERM);
  for (const valid of [8, 8 | 64, 16 | 32, 128 | 256, 1024]) assert.equal(await set(valid), 0);
});

Deno.test("whatever bytes come, nothing is thrown and each request has one well-formed answer", async () => {
  const seed = testSeed();
  const random = new Random(seed);
  const kernel = new FuseKernel();
  const UNANSWERED = [2, 36, 42];
  for (let turn = 0; turn < 20_000; turn++) {
    const opcode = random.below(56);
    const unique = BigInt(turn + 1) * 2n;
    const rest = random.bytes(random.pick([0, 1, 8, 16, 40, 88, 200]));
    // Small numbers meet nodes and handles that are there.
    if (rest.length >= 8 && random.below(2) === 0) rest.fill(0, 1, 8).fill(random.below(4), 0, 1);
    if (rest.length >= 40 && random.below(2) === 0) rest.fill(0, 9, 16).fill(0, 18, 40);
    kernel.dispatcher.receive(requestBytes(opcode, unique, random.below(8), rest, random.below(3)));
    const mine = kernel.answers.filter((answer) => answer.unique === unique);
    const due = UNANSWERED.includes(opcode) ? [0] : [0, 1];
    assert(due.includes(mine.length), `SCST_TEST_SEED=${seed} turn ${turn} opcode ${opcode}`);
    if (turn % 100 === 99) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      kernel.test.letGo();
      kernel.answers.length = 0;
      kernel.lines.length = 0;
    }
  }
});

/** Opening a backing store: what is taken, and one clear sentence for everything else. */
import assert from "node:assert/strict";
import { type FileOptions, openBlockStore, openFileStore } from "../../lib/store/file.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { Place } from "../harness/place.ts";

Deno.test("openFileStore() says what it cannot open, and why", () => {
  using place = new Place();
  const { dir } = place;
  place.file("plain", new Uint8Array(512));
  Deno.symlinkSync("circle", `${dir}/circle`);
  Deno.symlinkSync("nowhere", `${dir}/dangling`);
  using _socket = Deno.listen({ transport: "unix", path: `${dir}/socket` });
  const cases: [path: string, why: string][] = [
    ["missing", "no such file or directory (ENOENT)"],
    ["dangling", "no such file or directory (ENOENT)"],
    ["plain/below", "a part of the path is not a directory (ENOTDIR)"],
    ["circle", "too many levels of symbolic links (ELOOP)"],
    ["x".repeat(300), "file name too long (ENAMETOOLONG)"],
    ["socket", "no such device (ENXIO)"],
  ];
  for (const [path, why] of cases) {
    const filename = `${dir}/${path}`;
    const start = `Cannot open 'DIR/${path}' for reading`;
    assert.equal(place.sentence({ filename, readOnly: true }), `${start}: ${why}`);
    assert.equal(place.sentence({ filename }), `${start} and writing: ${why}`);
    assert.equal(place.sentence({ filename }, openBlockStore), `${start} and writing: ${why}`);
  }
  const directory = "Cannot open 'DIR' for reading and writing: is a directory (EISDIR)";
  assert.equal(place.sentence({ filename: dir }), directory);
});

Deno.test("openFileStore() says what a thing is that it cannot use, without waiting for a FIFO", () => {
  using place = new Place();
  const fifo = `${place.dir}/fifo`;
  assert.equal(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().code, 0);
  const wanted = "not a regular file or a block device";
  for (const readOnly of [true, false]) {
    const sentence = place.sentence({ filename: fifo, readOnly });
    assert.equal(sentence, `Cannot use 'DIR/fifo': it is neither file nor device, ${wanted}`);
    const character = place.sentence({ filename: "/dev/null", readOnly });
    assert.equal(character, `Cannot use '/dev/null': it is a character device, ${wanted}`);
  }
  const directory = place.sentence({ filename: place.dir, readOnly: true });
  assert.equal(directory, `Cannot use 'DIR': it is a directory, ${wanted}`);
  const filename = place.file("plain", new Uint8Array(512));
  const plain = place.sentence({ filename }, openBlockStore);
  assert.equal(plain, "Cannot use 'DIR/plain': it is a regular file, not a block device");
});

Deno.test("openFileStore() says which sizes do not fit", () => {
  using place = new Place();
  const cases: [actual: number, blocksize: number, size: number | undefined, why: string][] = [
    [0, 512, undefined, "use 'DIR/f': it is too small, it has 0 bytes and one block has 512"],
    [
      4095,
      4096,
      undefined,
      "use 'DIR/f': it is too small, it has 4095 bytes and one block has 4096",
    ],
    [
      513,
      512,
      undefined,
      "use 'DIR/f': its size of 513 bytes is not a multiple of the block size 512",
    ],
    [
      12289,
      4096,
      undefined,
      "use 'DIR/f': its size of 12289 bytes is not a multiple of the block size 4096",
    ],
    [1000, 512, 1024, "export 1024 bytes of 'DIR/f': it is too small, it has 1000 bytes"],
    [0, 512, 512, "export 512 bytes of 'DIR/f': it is too small, it has 0 bytes"],
  ];
  for (const [actual, blocksize, size, why] of cases) {
    const filename = place.file("f", new Uint8Array(actual));
    assert.equal(place.sentence({ filename, blocksize, size }), `Cannot ${why}`);
  }
});

Deno.test("openFileStore() takes all of a file, or as much as is asked for", () => {
  using place = new Place();
  const filename = place.file("f", new Uint8Array(8192));
  const sizeOf = (options: Partial<FileOptions>) => {
    const all = { filename, blocksize: 512, size: undefined, readOnly: false, ...options };
    const store = openFileStore(all, place.pool);
    store.close();
    return [store.size, store.physicalBlockSize];
  };
  assert.deepEqual(sizeOf({}), [8192, 4096]);
  assert.deepEqual(sizeOf({ readOnly: true, blocksize: 4096 }), [8192, 4096]);
  assert.deepEqual(sizeOf({ size: 8192 }), [8192, 4096]);
  assert.deepEqual(sizeOf({ size: 1024 }), [1024, 4096]);
  Deno.truncateSync(filename, 2 ** 41 + 512);
  assert.deepEqual(sizeOf({}), [2 ** 41 + 512, 4096]);
});

const noLoop = missingLoop();

Deno.test({
  name: `openBlockStore() takes a block device${noLoop === undefined ? "" : ` [${noLoop}]`}`,
  ignore: noLoop !== undefined,
  fn: () => {
    using place = new Place();
    for (const sector of [512, 4096]) {
      using device = new LoopDevice(2 ** 20, sector);
      for (const open of [openBlockStore, openFileStore]) {
        const options = { filename: device.path, blocksize: 512, size: undefined, readOnly: false };
        const store = open(options, place.pool);
        const { size, physicalBlockSize, physicalOffset } = store;
        assert.deepEqual([size, physicalBlockSize, physicalOffset], [2 ** 20, sector, 0]);
        store.close();
      }
      const sentence = place.sentence({ filename: device.path, size: 2 ** 21 }, openBlockStore);
      assert.match(sentence, /^Cannot export 2097152 bytes of .* too small, it has 1048576 bytes$/);
    }
  },
});

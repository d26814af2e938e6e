/** Who may have a backing file: one who writes it, or any number who only read it. */
import assert from "node:assert/strict";
import { openBlockStore, openFileStore } from "../../lib/store/file.ts";
import type { Store } from "../../lib/store/store.ts";
import { LoopDevice, missingLoop } from "../harness/loop_device.ts";
import { Place } from "../harness/place.ts";
import { missingExt4, SmallExt4 } from "../harness/small_ext4.ts";

const ONE_USER = "and what has a writer has one user";
const WRITER = "Cannot open 'DIR/NAME' for reading and writing: " +
  `another device, server or program (QEMU) uses it, ${ONE_USER}`;
const READER = "Cannot open 'DIR/NAME' for reading: " +
  `another device, server or program (QEMU) writes to it, ${ONE_USER}`;

function openStore(place: Place, filename: string, readOnly: boolean, open = openFileStore): Store {
  return open({ filename, blocksize: 512, size: undefined, readOnly }, place.pool);
}

for (const parent of [undefined, "/dev/shm"]) {
  Deno.test(`a file that is written has one user, whatever it is called, in ${parent ?? "TMPDIR"}`, () => {
    using place = new Place(parent);
    const { dir } = place;
    const filename = place.file("plain", new Uint8Array(1024));
    Deno.linkSync(filename, `${dir}/hard`);
    Deno.symlinkSync(filename, `${dir}/soft`);
    const names = ["plain", "hard", "soft", "./plain"];
    const refusals = (text: string, readOnly: boolean) => {
      for (const name of names) {
        const path = `${dir}/${name}`;
        assert.throws(() => openStore(place, path, readOnly), {
          message: text.replace("DIR", dir).replace("NAME", name),
        });
      }
    };
    const writer = openStore(place, filename, false);
    refusals(WRITER, false);
    refusals(READER, true);
    writer.close();
    const readers = names.map((name) => openStore(place, `${dir}/${name}`, true));
    refusals(WRITER, false);
    for (const reader of readers) reader.close();
    openStore(place, `${dir}/hard`, false).close();
  });
}

const noLoop = missingLoop();

function loopTest(name: string, fn: () => void): void {
  const why = noLoop === undefined ? "" : ` [${noLoop}]`;
  Deno.test({ name: `${name}${why}`, ignore: noLoop !== undefined, fn });
}

loopTest("a block device that is written has one user", () => {
  using place = new Place();
  using device = new LoopDevice(2 ** 22);
  for (const open of [openBlockStore, openFileStore]) {
    const writer = openStore(place, device.path, false, open);
    for (const other of [openBlockStore, openFileStore]) {
      assert.match(
        place.sentence({ filename: device.path }, other),
        /for reading and writing: it is mounted, or another program has it \(EBUSY\)$/,
      );
      const reader = place.sentence({ filename: device.path, readOnly: true }, other);
      assert.match(reader, /writes to it/);
    }
    writer.close();
  }
  openStore(place, device.path, false, openBlockStore).close();
});

const noExt4 = missingExt4();

Deno.test({
  name: `a block device that is mounted is not served${noExt4 === undefined ? "" : ` [${noExt4}]`}`,
  ignore: noExt4 !== undefined,
  fn: () => {
    using place = new Place();
    using mounted = new SmallExt4(4 * 2 ** 20);
    for (const open of [openBlockStore, openFileStore]) {
      assert.match(
        place.sentence({ filename: mounted.device.path }, open),
        /for reading and writing: it is mounted, or another program has it \(EBUSY\)$/,
      );
    }
  },
});

loopTest("a block device that nobody can write to is opened for reading only", () => {
  using place = new Place();
  using device = new LoopDevice(2 ** 20);
  const setReadOnly = (flag: string) =>
    assert(new Deno.Command("blockdev", { args: [flag, device.path] }).outputSync().success);
  setReadOnly("--setro");
  try {
    for (const open of [openBlockStore, openFileStore]) {
      const sentence = place.sentence({ filename: device.path }, open);
      // The kernel may refuse it itself.
      assert.match(
        sentence,
        /: it is a read-only device, set read_only$|\((EACCES|EROFS|EPERM)\)$/,
      );
      const readers = [1, 2].map(() => openStore(place, device.path, true, open));
      for (const reader of readers) reader.close();
    }
  } finally {
    setReadOnly("--setrw"); // the next one to have this device would find it so
  }
});

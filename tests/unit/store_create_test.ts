/** Making a backing file, and what stands in the way. */
import assert from "node:assert/strict";
import { createSparse } from "../../lib/store/create.ts";
import { StoreError } from "../../lib/store/store.ts";

const MIB = 2 ** 20;

function withDir(parent: string | undefined, body: (dir: string) => void): void {
  const options = parent === undefined ? {} : { dir: parent };
  const dir = Deno.makeTempDirSync({ prefix: "scst_create_", ...options });
  try {
    body(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function refuses(path: string, message: string, size = MIB): void {
  assert.throws(() => createSparse(path, size), (error) => {
    assert(error instanceof StoreError);
    assert.equal(error.message, message);
    return true;
  });
}

for (const parent of [undefined, "/dev/shm"]) {
  Deno.test(`createSparse() makes a private file without blocks in ${parent ?? "TMPDIR"}`, () => {
    withDir(parent, (dir) => {
      for (const size of [0, 1, MIB, 2 ** 40 + 512]) {
        const path = `${dir}/disk${size}.img`;
        assert.deepEqual(createSparse(path, size), { made: true, size });
        const info = Deno.statSync(path);
        assert.equal(info.size, size);
        assert.equal(info.blocks, 0);
        assert.equal(info.mode! & 0o777, 0o600);
      }
    });
  });
}

Deno.test("createSparse() leaves a file that is there as it is, through a link too", () => {
  withDir(undefined, (dir) => {
    const path = `${dir}/disk.img`;
    Deno.writeTextFileSync(path, "content", { mode: 0o644 });
    Deno.symlinkSync("disk.img", `${dir}/link`);
    for (const name of [path, `${dir}/link`]) {
      assert.deepEqual(createSparse(name, MIB), { made: false, size: 7 });
    }
    assert.equal(Deno.readTextFileSync(path), "content");
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o644);
  });
});

Deno.test("createSparse() says why it cannot create", () => {
  withDir(undefined, (dir) => {
    Deno.writeTextFileSync(`${dir}/plain`, "");
    const cases: [path: string, why: string][] = [
      [`${dir}/none/disk.img`, "no such file or directory (ENOENT)"],
      [`${dir}/plain/disk.img`, "a part of the path is not a directory (ENOTDIR)"],
      [`${dir}/${"x".repeat(300)}`, "file name too long (ENAMETOOLONG)"],
    ];
    for (const [path, why] of cases) refuses(path, `Cannot create '${path}': ${why}`);
  });
});

Deno.test("createSparse() says what is there instead of a file, without waiting for a FIFO", () => {
  withDir(undefined, (dir) => {
    const path = (name: string) => `${dir}/${name}`;
    Deno.mkdirSync(path("directory"));
    assert.equal(new Deno.Command("mkfifo", { args: [path("fifo")] }).outputSync().code, 0);
    for (const thing of [path("directory"), path("fifo"), "/dev/null"]) {
      refuses(thing, `Cannot use '${thing}': it is not a regular file`);
    }
    Deno.symlinkSync("nowhere", path("dangling"));
    const why = "no such file or directory (ENOENT)";
    refuses(path("dangling"), `Cannot open '${path("dangling")}': ${why}`);
  });
});

Deno.test("createSparse() leaves nothing behind when the size is not to be had", () => {
  withDir("/dev/shm", (dir) => {
    const path = `${dir}/disk.img`;
    refuses(path, `Cannot make '${path}' -1 bytes long: EINVAL`, -1);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  });
});

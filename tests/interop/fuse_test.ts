/** The tree of a FUSE mount, used with the programs that a shell has. */
import assert from "node:assert/strict";
import { FuseMount, missingFuse } from "../harness/fuse_mount.ts";
import { spawnProgram } from "../harness/program.ts";
import { toolTest } from "../harness/tools.ts";
import { within } from "../initiator/within.ts";

const absent = missingFuse();

function mountTest(name: string, body: (mount: FuseMount) => Promise<void>): void {
  toolTest(name, ["fusermount3"], async () => {
    await using mount = await FuseMount.open();
    await body(mount);
  }, absent);
}

/** What a script writes to both outputs; it has to end with `code`. */
async function said(mount: FuseMount, script: string, code = 0): Promise<string> {
  const result = await mount.sh(`${script}`);
  const text = (result.stdout + result.stderr).replaceAll(mount.point, "M");
  assert.equal(result.code, code, `${script}: ${text}`);
  return text;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isSo(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(isSo(), `never: ${isSo}`);
}

mountTest(
  "what looks at everything sees modes, sizes, links and the order of the tree",
  async (mount) => {
    const stat = await said(
      mount,
      "cd $M; stat -c '%n %F %a %s %h' version value secret write_only devices",
    );
    assert.deepEqual(stat.trim().split("\n"), [
      "version regular file 444 4096 1",
      "value regular file 644 4096 1",
      "secret regular file 600 4096 1",
      "write_only regular file 200 4096 1",
      "devices directory 755 0 1",
    ]);
    const order =
      "version value secret write_only long empty text late counter last fail hold go " +
      "devices handlers";
    assert.equal((await said(mount, "ls -U $M")).trim().replaceAll("\n", " "), order);
    const perl = `perl -e 'opendir D, shift; print join " ", grep !/^\\./, readdir D' $M`;
    assert.equal(await said(mount, perl), order);
    const link =
      "cd $M/devices/disk1; readlink handler; stat -c '%F %s' handler; stat -Lc %F handler";
    assert.equal(await said(mount, link), "../../handlers/vdisk\nsymbolic link 20\ndirectory\n");
    assert.equal(
      await said(mount, "cat $M/handlers/vdisk/disk1/handler/type"),
      "0 - Direct-access device\n",
    );
    assert.equal(
      await said(mount, "cd $M; find . -type l -printf '%p %l\\n'"),
      "./devices/disk1/handler ../../handlers/vdisk\n./handlers/vdisk/disk1 ../../devices/disk1\n",
    );
    assert.equal(await said(mount, "find $M | wc -l"), "23\n");
    assert.equal((await said(mount, "ls -lR $M")).match(/^[-dl][rwx-]{9} /gm)?.length, 22);
    assert.match(await said(mount, "stat -fc '%T %s %l' $M; df $M; du -s $M"), / 4096 255\n/);
    assert.equal(
      await said(mount, "grep -rls Direct $M/devices $M/handlers"),
      "M/devices/disk1/type\nM/handlers/vdisk/type\n",
    );
    assert.equal(
      (await said(mount, "stat -c %U $M/devices; id -un")).split("\n")[0],
      (await said(mount, "id -un")).trim(),
    );
  },
);

mountTest(
  "what is read is a page at most, in pieces as at once, and anew at offset 0",
  async (mount) => {
    assert.equal(await said(mount, "cat $M/version"), "3.11.0\n");
    assert.equal(await said(mount, "dd if=$M/version bs=1 status=none"), "3.11.0\n");
    assert.equal(
      await said(mount, "dd if=$M/counter bs=1 status=none; cat $M/counter"),
      "read 1\nread 2\n",
    );
    const page = "0123456789".repeat(410).slice(0, 4096);
    assert.equal(await said(mount, "dd if=$M/long bs=1 status=none"), page);
    assert.equal(await said(mount, "cat $M/long"), page);
    assert.equal(await said(mount, "cat $M/empty $M/text $M/late"), "Z\u00fcrich \u2713\nlate\n");
    assert.match(await said(mount, "cat $M/last", 1), /Resource temporarily unavailable/);
    assert.equal(
      await said(
        mount,
        `perl -e 'sysopen F, "$ARGV[0]/counter", 0 or die; for (1..3) { sysseek F, 0, 0; ` +
          `sysread F, $_, 100; print } sysseek F, 5, 0; sysread F, $_, 100; print' $M`,
      ),
      "read 3\nread 4\nread 5\n5\n",
    );
    assert.equal(
      await said(mount, "mapfile -t a <$M/version; read b <$M/version; echo $a $b"),
      "3.11.0 3.11.0\n",
    );
  },
);

mountTest(
  "what is written is one store operation, whatever the shell does around it",
  async (mount) => {
    const { stored } = mount.test;
    const cases: [script: string, expected: string[]][] = [
      ["echo one >$M/value", ["one\n"]],
      ["printf one >$M/value", ["one"]],
      ["echo one >>$M/value; printf two >>$M/value", ["one\n", "two"]],
      ["/usr/bin/printf 'a\\nb\\n' >$M/value", ["a\nb\n"]],
      ["echo three | tee $M/value", ["three\n"]],
      ["echo three | tee -a $M/value", ["three\n"]],
      ["echo four | dd of=$M/value status=none", ["four\n"]],
      ["echo four | dd of=$M/value conv=notrunc,fsync oflag=append status=none", ["four\n"]],
      ["printf abc | dd of=$M/value bs=1 status=none", ["a", "b", "c"]],
      ["echo five >/tmp/$$; cp /tmp/$$ $M/value; rm /tmp/$$", ["five\n"]],
      [": >$M/value; printf '' >$M/value; truncate -s 0 $M/value; truncate -s 100 $M/value", []],
      [`perl -e 'sysopen F, shift, 1; print defined syswrite(F, "") ? "ok" : $!' $M/value`, []],
      [`perl -e 'sysopen F, shift, 1; print syswrite(F, "x\\n"), syswrite(F, "yy\\n")' $M/value`, [
        "x\n",
        "yy\n",
      ]],
      ["head -c 4095 /dev/zero | tr '\\0' x >$M/value", ["x".repeat(4095)]],
      ["exec 3<>$M/value; echo six >&3; echo seven >&3", ["six\n", "seven\n"]],
      ["touch $M/value; sync $M/value", []],
    ];
    for (const [script, expected] of cases) {
      stored.length = 0;
      await said(mount, script);
      assert.deepEqual(stored.map(([, text]) => text), expected, script);
    }
    assert.equal(await said(mount, "cat $M/value"), "seven\n");
    assert.deepEqual(mount.lines, []);
  },
);

mountTest(
  "a write that fails has the errno of its failure, and nothing is stored",
  async (mount) => {
    const { stored } = mount.test;
    const MESSAGES = {
      E2BIG: "Argument list too long",
      EACCES: "Permission denied",
      EAGAIN: "Resource temporarily unavailable",
      EBADSLT: "Invalid slot",
      EBUSY: "Device or resource busy",
      EEXIST: "File exists",
      EINVAL: "Invalid argument",
      EIO: "Input/output error",
      EISDIR: "Is a directory",
      EMEDIUMTYPE: "Wrong medium type",
      ENAMETOOLONG: "File name too long",
      ENODEV: "No such device",
      ENOENT: "No such file or directory",
      ENOSPC: "No space left on device",
      ENOTDIR: "Not a directory",
      EOPNOTSUPP: "Operation not supported",
      EPERM: "Operation not permitted",
      ERANGE: "Numerical result out of range",
      EROFS: "Read-only file system",
    };
    for (const [errno, message] of Object.entries(MESSAGES)) {
      const text = await said(mount, `echo ${errno} >$M/fail`, 1);
      assert.equal(text.trim().split("write error: ")[1], message, errno);
    }
    const bad = [
      "head -c 4096 /dev/zero | tr '\\0' x",
      "head -c 100000 /dev/zero | tr '\\0' x | cat",
      "printf 'a\\0b'",
      "printf 'Z\\303\\274rich\\n'",
    ];
    for (const command of bad) {
      assert.match(
        await said(mount, `${command} | dd bs=1M iflag=fullblock of=$M/value`, 1),
        /Invalid argument/,
      );
    }
    assert.deepEqual(stored, []);
    assert.equal(mount.lines.length, Object.keys(MESSAGES).length + bad.length);
  },
);

mountTest(
  "nothing can be made, removed, renamed or given other modes, and modes are kept",
  async (mount) => {
    const EPERM = "Operation not permitted";
    const EACCES = "Permission denied";
    const cases: [script: string, message: string][] = [
      ["touch $M/new", EACCES],
      ["echo x >$M/devices/new", EACCES],
      ["mkdir $M/new", EPERM],
      ["mkdir $M/devices", "File exists"],
      ["rm -f $M/value", EPERM],
      ["rm $M/devices/disk1/handler", EPERM],
      ["rmdir $M/devices/disk1", EPERM],
      ["rm -rf $M/devices", EPERM],
      ["mv $M/value $M/other", EPERM],
      ["mv $M/devices $M/handlers/", EPERM],
      ["ln $M/value $M/other", EPERM],
      ["ln -s value $M/other", EPERM],
      ["mkfifo $M/other", EPERM],
      ["chmod 666 $M/value", EPERM],
      ["chown 1:1 $M/value", EPERM],
      ["sed -i s/a/b/ $M/value", EACCES],
      ["cat $M/write_only", EACCES],
      ["echo x >$M/version", EACCES],
      ["echo x 1<>$M/version", EACCES],
      ["cat $M/none", "No such file or directory"],
      ["cat $M/value/x", "Not a directory"],
      ["cat $M/devices", "Is a directory"],
      ["fallocate -l 10 $M/value", "Operation not supported"],
    ];
    for (const [script, message] of cases) {
      const { code, stderr } = await mount.sh(`${script}`);
      assert.notEqual(code, 0, script);
      assert.match(stderr, new RegExp(message), `${script}: ${stderr}`);
    }
    assert.deepEqual(mount.test.stored, []);
    assert.equal(await said(mount, "find $M | wc -l"), "23\n");
  },
);

mountTest("40 readers at a time read what they should while objects come and go", async (mount) => {
  const reader = 'for i in {1..15}; do [ "$(cat $M/version)" = 3.11.0 ] || echo wrong; ' +
    "ls -lR $M/devices >/dev/null 2>&1; find $M/handlers | wc -l; done | sort -u";
  const manager = "for i in {1..150}; do echo add d$i >$M/devices/mgmt && " +
    "cat $M/devices/d$i/type >/dev/null && echo del d$i >$M/devices/mgmt || echo failed; done";
  const results = await Promise.all([
    said(mount, manager),
    ...Array.from({ length: 40 }, () => said(mount, reader)),
  ]);
  assert.deepEqual(results, ["", ...Array.from({ length: 40 }, () => "4\n")]);
  assert.deepEqual(mount.lines, []);
});

mountTest(
  "a write that takes long holds nobody up, and its writer can be interrupted",
  async (mount) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      const before = mount.test.held;
      const bash: [string, string[]] = ["bash", ["-c", `echo ${signal} >${mount.point}/hold`]];
      await using writer = spawnProgram([], {}, bash);
      await until(() => mount.test.held > before);
      assert.equal(await said(mount, "cat $M/version"), "3.11.0\n");
      writer.kill(signal);
      const late = () => new Error(`The writer outlives ${signal}`);
      const { code } = await within(writer.result, 5_000, late);
      assert.equal(code, 128 + { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 }[signal]);
    }
    assert.equal(mount.test.held, 3, "what was begun goes on");
    const waiting = said(mount, "echo done >$M/hold; echo $?");
    await until(() => mount.test.held === 4);
    assert.equal(await said(mount, "echo x >$M/go"), "");
    assert.equal(await waiting, "0\n");
    assert.deepEqual(mount.test.stored.map(([, text]) => text.trim()), [
      "SIGINT",
      "SIGTERM",
      "SIGKILL",
      "done",
    ]);
  },
);

mountTest("an inode stays the same as long as its object lives", async (mount) => {
  const inode = () => said(mount, "stat -c %i $M/devices/disk1 $M/devices/disk1/type");
  const first = await inode();
  await said(
    mount,
    "for i in {1..200}; do echo add n$i >$M/devices/mgmt; done; ls -lR $M >/dev/null",
  );
  const listed = await said(mount, "ls -id $M/devices/disk1 $M/devices/disk1/type");
  assert.equal(listed.replaceAll(/ M.*/g, ""), first);
  assert.equal(await inode(), first);
  await said(
    mount,
    "echo del disk1 >$M/devices/mgmt; ls $M/devices/disk1; echo add disk1 >$M/devices/mgmt",
  );
  assert.notEqual(await inode(), first);
});

mountTest("who still has what is gone open is told so", async (mount) => {
  const script = "exec 3<$M/devices/disk1/type; cd $M/devices/disk1; read -n1 -u3 a; " +
    "echo del disk1 >$M/devices/mgmt; ls; cat <&3; cat type; cat $M/version";
  const { stdout, stderr } = await mount.sh(`${script}`);
  assert.equal(stdout, " - Direct-access device\n3.11.0\n");
  assert.match(stderr, /type: No such file or directory/);
  const anew =
    `perl -e 'open F, "<", "$ARGV[0]/devices/n/type"; open G, ">", "$ARGV[0]/devices/mgmt"; ` +
    `syswrite G, "del n"; sysread(F, $_, 9) // print $!' $M`;
  await said(mount, "echo add n >$M/devices/mgmt");
  assert.equal(await said(mount, anew), "No such device");
});

mountTest(
  "an unmount from outside is noticed, and the end is in order all the same",
  async (mount) => {
    await said(mount, Deno.uid() === 0 ? "umount $M" : "fusermount3 -u $M");
    await mount.door.ended;
    assert.equal(mount.lines.length, 1);
    assert.match(
      mount.lines[0]!,
      /^warning The management tree is gone .* somebody has unmounted it$/,
    );
    await mount.door.close();
    assert.equal(await said(mount, "ls $M; touch $M/x && rm $M/x"), "");
  },
);

mountTest("close() unmounts, whoever is inside", async (mount) => {
  const inside = mount.sh("cd $M; exec 3<version; echo begun >$M/hold; cat <&3", {
    limitMs: 5_000,
  });
  await until(() => mount.test.held > 0);
  await mount.door.close();
  assert.equal(await said(mount, "ls $M"), "");
  assert.match((await inside).stderr, /write error: Software caused connection abort/);
  assert.deepEqual(mount.lines, []);
});

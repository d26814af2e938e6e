/** How a mount of the tree begins and ends: as root, as an ordinary user, through a broker. */
import assert from "node:assert/strict";
import { FusePlace, missingFuse, missingUsers, NOBODY } from "../harness/fuse_mount.ts";
import { type RunningProgram, spawnProgram } from "../harness/program.ts";
import { toolTest } from "../harness/tools.ts";

const CLEANED = /^warning A server that was killed had left .* mounted: it is unmounted$/m;

/** A test with two users: root, and nobody, whom the place belongs to where it is so wanted. */
function usersTest(name: string, isNobodys: boolean, body: (place: FusePlace) => Promise<void>) {
  toolTest(name, ["fusermount3"], async () => {
    await using place = new FusePlace(isNobodys);
    await body(place);
  }, missingUsers());
}

async function mounted(server: RunningProgram): Promise<RunningProgram> {
  await server.saw(/^(mounted|failed:.*)$/m);
  assert.match(server.stdout(), /^mounted$/m);
  return server;
}

/** The sentence with which a server does not begin. */
async function refusal(place: FusePlace, server: RunningProgram): Promise<string> {
  await using program = server;
  const { code, stdout, stderr } = await program.result;
  assert.equal(code, 1, stdout + stderr);
  return stdout.trim().replaceAll(place.dir, "DIR");
}

async function stop(server: RunningProgram): Promise<void> {
  server.kill("SIGTERM");
  assert.equal((await server.result).code, 0, server.stdout());
}

for (const user of [undefined, NOBODY]) {
  const who = user === undefined ? "root" : "an ordinary user";
  const begin = (place: FusePlace) => user === undefined ? place.serve() : place.serveAsNobody();

  usersTest(`${who} mounts and unmounts`, user !== undefined, async (place) => {
    await using server = await mounted(begin(place));
    const options = user === undefined ? {} : { user };
    const script = "cat $M/version; echo x >$M/value && cat $M/value; stat -c %u $M/secret; " +
      "cat $M/write_only; mkdir $M/new; ls -U $M/devices";
    const { stdout, stderr } = await place.sh(script, options);
    assert.equal(stdout, `3.11.0\nx\n${user ?? 0}\nmgmt\ndisk1\n`, stderr);
    assert.match(stderr, /write_only: Permission denied\n.*new.*: Operation not permitted\n$/);
    const { stdout: mounts } = await place.sh("grep $M /proc/mounts");
    assert.match(mounts, /^scst \S+ fuse\.scst_tgt rw,nosuid,nodev,noexec,.*default_permissions/);
    await stop(server);
    assert.equal((await place.sh("ls -A $M; grep $M /proc/mounts")).stdout, "");
  });

  usersTest(`${who} cleans up what a killed server has left`, user !== undefined, async (place) => {
    for (let count = 0; count < 3; count++) {
      await using server = await mounted(begin(place));
      assert.equal(CLEANED.test(server.stdout()), count > 0);
      const inside = place.sh(
        "cd $M; echo x >hold; cat version",
        user === undefined ? {} : { user },
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      server.kill("SIGKILL");
      await server.result;
      assert.match((await inside).stderr, /connection abort[^]*not connected/);
      assert.match(
        (await place.sh("ls $M", user === undefined ? {} : { user })).stderr,
        /not connected/,
      );
    }
    await using server = await mounted(begin(place));
    await stop(server);
    assert.equal((await place.sh("ls -A $M; grep $M /proc/mounts")).stdout, "");
  });

  usersTest(`${who} ends in order while a client waits`, user !== undefined, async (place) => {
    await using server = await mounted(begin(place));
    const client = place.sh("exec 3<$M/value; echo x >$M/hold", user === undefined ? {} : { user });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await stop(server);
    assert.match((await client).stderr, /write error: Software caused connection abort/);
  });

  usersTest(`${who} does not mount where another scst does`, user !== undefined, async (place) => {
    await using server = await mounted(begin(place));
    assert.equal(
      await refusal(place, begin(place)),
      "failed: Cannot mount the management tree at DIR/tree: another scst has mounted its own there",
    );
    const { stdout } = await place.sh("cat $M/version", user === undefined ? {} : { user });
    assert.equal(stdout, "3.11.0\n");
    await stop(server);
  });
}

usersTest(
  "others see the tree of an ordinary user only where they are allowed to",
  true,
  async (place) => {
    await using _server = await mounted(place.serveAsNobody());
    assert.match((await place.sh("ls $M")).stderr, /Permission denied/);
  },
);

usersTest(
  "others see root's tree where they are allowed to, within its modes",
  false,
  async (place) => {
    await using server = await mounted(place.serve(["allow_other"]));
    const script =
      "cat $M/version; cat $M/secret; echo x >$M/value; echo x >$M/new; ls -U $M/devices";
    const { stdout, stderr } = await place.sh(script, { user: NOBODY });
    assert.equal(stdout, "3.11.0\nmgmt\ndisk1\n");
    assert.equal(stderr.match(/Permission denied/g)?.length, 3);
    await stop(server);
  },
);

usersTest(
  "without a lock file the mount itself is asked whether its server lives",
  true,
  async (place) => {
    Deno.mkdirSync(`${place.dir}/deno`);
    Deno.chownSync(`${place.dir}/deno`, NOBODY, NOBODY);
    Deno.chownSync(place.dir, 0, 0);
    const cannot = "failed: Cannot mount the management tree at DIR/tree: " +
      "another scst has mounted its own there, and";
    await using server = await mounted(place.serveAsNobody());
    assert.equal(await refusal(place, place.serveAsNobody()), `${cannot} lives`);
    server.kill("SIGSTOP");
    assert.equal(await refusal(place, place.serveAsNobody()), `${cannot} does not answer`);
    server.kill("SIGCONT");
    server.kill("SIGKILL");
    await server.result;
    await using next = await mounted(place.serveAsNobody());
    assert.match(next.stdout(), CLEANED);
    await stop(next);
  },
);

usersTest("what somebody else has mounted is left alone", false, async (place) => {
  const { code } = await place.sh("mount -t tmpfs -o size=64k none $M && echo kept >$M/file");
  assert.equal(code, 0);
  assert.equal(
    await refusal(place, place.serve()),
    "failed: Cannot mount the management tree at DIR/tree: none (tmpfs) is mounted there already",
  );
  assert.equal((await place.sh("cat $M/file")).stdout, "kept\n");
  await place.sh("umount $M");
  await using server = await mounted(place.serve());
  await place.sh("mount -t tmpfs -o size=64k none $M && echo kept >$M/file");
  await stop(server);
  assert.match(
    server.stdout(),
    /^warning .* stays mounted, .*: none \(tmpfs\) is mounted on top of it$/m,
  );
  assert.equal((await place.sh("cat $M/file; umount $M")).stdout, "kept\n");
});

usersTest(
  "a dead tree of another user's is left alone by users, and cleaned up by root",
  true,
  async (place) => {
    await using first = await mounted(place.serve());
    first.kill("SIGKILL");
    await first.result;
    Deno.removeSync(`${place.point}.lock`);
    assert.match(
      await refusal(place, place.serveAsNobody()),
      /: a tree that user 0 has mounted is there$/,
    );
    await using second = await mounted(place.serve());
    assert.match(second.stdout(), CLEANED);
    await stop(second);
  },
);

toolTest("what is no place for a tree is refused in a sentence", ["fusermount3"], async () => {
  await using place = new FusePlace();
  const points: [string, string][] = [
    [`${place.dir}/none`, "no such file or directory (ENOENT)"],
    [`${place.dir}/none/tree`, "no such file or directory (ENOENT)"],
    [`${place.dir}/file`, "it is not a directory"],
    [`${place.dir}/link`, "it is a symbolic link, not a directory"],
    ["tree", "it has to be an absolute path of a directory other than /"],
    ["/", "it has to be an absolute path of a directory other than /"],
    [`${place.dir}/..`, "it has to be an absolute path of a directory other than /"],
  ];
  Deno.writeTextFileSync(`${place.dir}/file`, "");
  Deno.symlinkSync(place.point, `${place.dir}/link`);
  for (const [point, why] of points) {
    const sentence = await refusal(place, place.serve([], [], point));
    const where = point.replace(place.dir, "DIR");
    assert.equal(sentence, `failed: Cannot mount the management tree at ${where}: ${why}`);
  }
  // The way to the mount point may have links.
  Deno.symlinkSync(place.dir, `${place.dir}/way`);
  await using server = await mounted(place.serve([], [], `${place.dir}/way/tree`));
  assert.equal((await place.sh("cat $M/version")).stdout, "3.11.0\n");
  await stop(server);
}, missingFuse());

usersTest("what the system lacks is named", true, async (place) => {
  const at = "failed: Cannot mount the management tree at DIR/tree:";
  const withoutHelper = place.serveAsNobody([], ["PATH=/nowhere"]);
  assert.equal(
    await refusal(place, withoutHelper),
    `${at} there is no fusermount3: it is in the package fuse3`,
  );
  const withoutDevice = [
    "unshare",
    "-m",
    "bash",
    "-c",
    'mount -t tmpfs none /dev; exec "$@"',
    "bash",
  ];
  assert.equal(
    await refusal(place, place.serve([], withoutDevice)),
    `${at} there is no /dev/fuse: modprobe fuse`,
  );
  assert.match(
    await refusal(place, place.serveAsNobody(["allow_other"])),
    /fusermount3: .*user_allow_other/,
  );
  assert.equal(
    await refusal(place, place.serveAsNobody(["", `${place.dir}/none`])),
    `${at} the broker at DIR/none: no such file or directory (ENOENT)`,
  );
});

usersTest(
  "a root without the right to mount asks the helper, which has none either",
  false,
  async (place) => {
    const powerless = ["setpriv", "--bounding-set", "-sys_admin"];
    assert.match(
      await refusal(place, place.serve([], powerless)),
      /: fusermount3: mount failed: Operation not permitted$/,
    );
    assert.equal((await place.sh("ls $M; grep $M /proc/mounts")).stdout, "");
  },
);

/**
 * What a socket unit of systemd with Accept=yes does: fusermount3 on the socket that was accepted, and
 * an unmount before and after it.
 */
const BROKER = `use Socket; my ($path, $point) = @ARGV;
  socket(L, PF_UNIX, SOCK_STREAM, 0) && bind(L, sockaddr_un($path)) && listen(L, 9) or die $!;
  chmod 0666, $path; $| = 1; print "listening\\n";
  sub unmount { system "fusermount3", "-u", "-z", "-q", "--", $point }
  while (accept(C, L)) {
    if (!fork) {
      open STDIN, "<&", \\*C; close C; close L; $ENV{_FUSE_COMMFD} = 0;
      unmount;
      my $options = "subtype=scst_tgt,fsname=scst,allow_other,auto_unmount";
      system "fusermount3", "-o", $options, "--", $point;
      unmount;
      exit;
    }
    close C;
  }`;

usersTest(
  "a broker mounts for a server without any rights, and unmounts when that is gone",
  true,
  async (place) => {
    const socket = `${place.dir}/broker`;
    await using broker = spawnProgram([], {}, ["perl", ["-e", BROKER, socket, place.point]]);
    await broker.saw(/^listening$/m);
    const begin = () => mounted(place.serveAsNobody(["", socket], ["PATH=/nowhere"]));
    const unmounted = async () => {
      const script =
        "for i in {1..100}; do grep -q $M /proc/mounts || exit 0; sleep 0.05; done; exit 1";
      assert.equal((await place.sh(script)).code, 0);
    };
    await using server = await begin();
    assert.equal((await place.sh("cat $M/version")).stdout, "3.11.0\n");
    // The broker's mount lacks default_permissions: the server checks by itself.
    const { stderr, stdout } = await place.sh("cat $M/version; cat $M/value; echo x >$M/value", {
      user: 7,
    });
    assert.equal(stdout, "3.11.0\ndefault\n");
    assert.match(stderr, /value: Permission denied/);
    server.kill("SIGKILL");
    await server.result;
    await unmounted();
    await using next = await begin();
    assert.equal((await place.sh("cat $M/version")).stdout, "3.11.0\n");
    await stop(next);
    await unmounted();
  },
);

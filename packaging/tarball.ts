/** The archive for every other Linux: the executable, and install.sh with what it installs. */
import type { Product } from "./product.ts";
import { run } from "./program.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const PARTS = ["LICENSE", "README.md", "docs", "install.sh", "systemd"];

/** Makes `scst-VERSION-linux-MACHINE.tar.gz` in the directory `output` and gives its path. */
export async function makeTarball(product: Product, output: string): Promise<string> {
  const name = `scst-${product.version}-linux-${product.machine}`;
  const path = `${output}/${name}.tar.gz`;
  const work = await Deno.makeTempDir({ prefix: "scst_tar_" });
  try {
    await Deno.mkdir(`${work}/${name}`);
    await run("cp", ["-R", ...PARTS.map((part) => `${ROOT}${part}`), `${work}/${name}`]);
    await Deno.copyFile(product.binary, `${work}/${name}/scst`);
    await Deno.chmod(`${work}/${name}/scst`, 0o755);
    const owner = ["--owner=root:0", "--group=root:0", "--sort=name"];
    await run("tar", [...owner, "-C", work, "-czf", path, name]);
    return path;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** fio on the file itself: what the storage gives without a target in front of it. */
import { toolOutput } from "../harness/tools.ts";

/** Random reads of `length` bytes past the page cache, `depth` at a time; I/O operations a second. */
export async function fioRandomReads(
  filename: string,
  length: number,
  depth: number,
  seconds: number,
): Promise<number> {
  const text = await toolOutput("fio", [
    "--name=reads",
    `--filename=${filename}`,
    "--rw=randread",
    `--bs=${length}`,
    "--ioengine=libaio",
    "--direct=1",
    `--iodepth=${depth}`,
    "--time_based",
    `--runtime=${seconds}`,
    "--output-format=json",
  ]);
  const iops: unknown = JSON.parse(text.slice(text.indexOf("{"))).jobs?.[0]?.read?.iops;
  if (typeof iops !== "number") throw new Error("fio has not said how many reads it did");
  return iops;
}

/** Configurations whose disks lie on files, made for the occasion. */
import { backingFile, type DiskOptions, diskYaml } from "./disk_yaml.ts";

/** Disks of `size` bytes on sparse files, one LUN for each of the given options. */
export function fileDisks(
  size: number,
  disks: readonly Omit<DiskOptions, "filename" | "handler">[] = [{}],
): (dir: string) => string {
  return (dir) =>
    diskYaml(disks.map((disk, index) => ({
      ...disk,
      filename: backingFile(dir, `disk${index}.img`, size),
    })));
}

/** The file behind the demo's disk. */
import { formatSize } from "../config/size.ts";
import { createSparse, type SparseFile } from "../store/create.ts";
import { Failure } from "./failure.ts";

const DEFAULT_SIZE = 2 ** 30;

/**
 * Makes the sparse file `path` of `size` bytes (1 GiB if not given). A file that is there is used
 * as it is. Throws Failure if it does not have the size that was asked for.
 */
export function prepareImage(path: string, size: number | undefined): SparseFile {
  const image = create(path, size ?? DEFAULT_SIZE);
  if (size === undefined || image.size === size) return image;
  const what = `Cannot use ${path} with --size ${formatSize(size)}`;
  const why = `it is there with ${formatSize(image.size)} and is left as it is`;
  const advice = "leave out --size to use it, or name another file with --path";
  throw new Failure(`${what}: ${why}; ${advice}`);
}

function create(path: string, size: number): SparseFile {
  try {
    return createSparse(path, size);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Failure(error.message, { cause: error });
  }
}

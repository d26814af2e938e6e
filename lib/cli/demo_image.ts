/** The file behind the demo's disk. */
import { formatSize } from "../config/size.ts";
import { createSparse } from "../store/create.ts";
import { Failure } from "./failure.ts";

const DEFAULT_SIZE = 2 ** 30;

export interface DemoImage {
  readonly made: boolean;
  /** Bytes; absent where the runtime does not let files be looked at. */
  readonly size?: number;
}

/**
 * Makes the sparse file `path` of `size` bytes (1 GiB if not given). A file that is there is used
 * as it is. Throws Failure if it is not known to have the size that was asked for.
 */
export function prepareImage(path: string, size: number | undefined): DemoImage {
  const wanted = size ?? DEFAULT_SIZE;
  if (create(path, wanted) === "created") return { made: true, size: wanted };
  const actual = sizeOf(path);
  if (size === undefined) {
    return actual === undefined ? { made: false } : { made: false, size: actual };
  }
  if (actual === size) return { made: false, size };
  const found = actual === undefined ? "unknown size" : formatSize(actual);
  const what = `Cannot use ${path} with --size ${formatSize(size)}`;
  const why = `it is there with ${found} and is left as it is`;
  const advice = "leave out --size to use it, or name another file with --path";
  throw new Failure(`${what}: ${why}; ${advice}`);
}

function create(path: string, size: number): "created" | "exists" {
  try {
    return createSparse(path, size);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Failure(error.message, { cause: error });
  }
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    // Deno keeps /dev to itself, and /dev/shm with it; the server measures the file all the same.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`Cannot look at ${path}: ${why}`, { cause: error });
  }
}

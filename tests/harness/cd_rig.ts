/** A rig with a drive for CDs, whose medium can be changed. */
import { createWake, Wake } from "../../ffi/wake.ts";
import { DeviceType } from "../../lib/scsi/device_type.ts";
import { changeMedium } from "../../lib/scst/medium_change.ts";
import { FaultyStore } from "../../lib/store/faulty.ts";
import { openFileStore } from "../../lib/store/file.ts";
import { createRingMemory } from "../../lib/store/io_ring.ts";
import { openNull } from "../../lib/store/null.ts";
import { patternBytes } from "../initiator/bytes.ts";
import { InlinePool } from "./inline_pool.ts";
import { Rig, type RigOptions } from "./rig.ts";

export const CD_BLOCK = 2048;

/** Blocks of the image that is in at the beginning. */
export const CD_BLOCKS = 32;

/** Blocks of the largest CD; with one more it is a DVD. */
export const CD_MOST = 360000;

export class CdRig extends Rig {
  #pool = { ring: createRingMemory(), wake: createWake() };

  /** With an image of `seed` in it, unless `options` want the drive empty. */
  constructor(options: RigOptions = {}, seed = 1) {
    super({
      type: DeviceType.CD_ROM,
      size: CD_BLOCKS * CD_BLOCK,
      blocksize: CD_BLOCK,
      readOnly: true,
      removable: true,
      nvCache: true,
      thinProvisioned: false,
      ...options,
    });
    if (options.size === undefined) Deno.writeFileSync(this.path, imageOf(seed));
  }

  /** Puts another image of `blocks` blocks into the drive as the operator does, and returns its store. */
  insert(seed: number, blocks = CD_BLOCKS): FaultyStore {
    const store = this.open(seed, blocks);
    changeMedium(this.device, store);
    return store;
  }

  /** Takes out what is in, as the operator does. */
  remove(): void {
    changeMedium(this.device, undefined);
  }

  /** Opens an image; one of more than CD_MOST blocks has no content. */
  open(seed: number, blocks = CD_BLOCKS): FaultyStore {
    if (blocks > CD_MOST) return new FaultyStore(openNull(blocks * CD_BLOCK, CD_BLOCK));
    const filename = Deno.makeTempFileSync({ dir: "/dev/shm" });
    Deno.writeFileSync(filename, imageOf(seed, blocks));
    const options = { filename, blocksize: CD_BLOCK, size: undefined, readOnly: true };
    const store = openFileStore(options, new InlinePool(this.#pool));
    Deno.removeSync(filename); // it lives as long as it is open
    return new FaultyStore(store);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    if (this.disk.store !== this.store) this.disk.store.close();
    new Wake(this.#pool.wake).close();
  }
}

/** The content of an image, which no two seeds share in any block. */
export function imageOf(seed: number, blocks = CD_BLOCKS): Uint8Array {
  return patternBytes(blocks * CD_BLOCK, seed);
}

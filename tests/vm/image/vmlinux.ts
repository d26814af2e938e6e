/**
 * The kernel proper inside a bzImage. QEMU starts an ELF kernel through its PVH entry, which spares
 * the emulated processor the unpacking: half of the time that a boot takes.
 */

/** Offsets of the real-mode header (Linux, Documentation/arch/x86/boot.rst). */
const Header = { setupSects: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c };
const MAGIC = 0x53726448; // "HdrS"
const SECTOR = 512;
/** The unpacked size, which the kernel's build puts behind the stream of xz. */
const TRAILER = 4;

/**
 * The kernel's packed payload: a stream of xz, as Debian packs its kernels.
 *
 * @throws Error if this is not a bzImage
 */
export function kernelPayload(image: Uint8Array): Uint8Array {
  const header = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (header.getUint32(Header.magic, true) !== MAGIC) throw new Error("This is not a bzImage");
  const setup = (1 + header.getUint8(Header.setupSects)) * SECTOR;
  const begin = setup + header.getUint32(Header.payloadOffset, true);
  return image.subarray(begin, begin + header.getUint32(Header.payloadLength, true) - TRAILER);
}

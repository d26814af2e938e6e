/** A bootable CD (El Torito, no emulation), made by xorriso round a program of some instructions. */
import { toolOutput } from "./tools.ts";

const BLOCK = 2048;
/** Blocks of the boot image, of which the BIOS loads the first one only. */
const BLOCKS = 32;
/** The block of it that has the text. */
const TEXT_BLOCK = 20;

/** Where the BIOS loads it, and where it reads the block with the text to. */
const ORIGIN = 0x7c00;
const BUFFER = 0x8000;

/** Offsets: xorriso writes the LBA of the boot image at 12; the program comes behind that. */
const PROGRAM = 0x40;
const PACKET = 0x90;

const low = (value: number) => [value & 0xff, value >> 8];

/**
 * Reads a block through the BIOS (INT 13h, function 42h), writes its text to the first serial port,
 * and ends the machine through QEMU's device isa-debug-exit.
 */
const CODE = [
  [0xfa], //                                   cli
  [0x31, 0xc0], //                             xor ax, ax
  [0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], //     mov ds, ax; mov es, ax; mov ss, ax
  [0xbc, ...low(ORIGIN)], //                   mov sp, ORIGIN
  [0xfb], //                                   sti
  [0x66, 0xa1, ...low(ORIGIN + 12)], //        mov eax, [LBA of the boot image]
  [0x66, 0x83, 0xc0, TEXT_BLOCK], //           add eax, TEXT_BLOCK
  [0x66, 0xa3, ...low(ORIGIN + PACKET + 8)], //mov [PACKET + 8], eax
  [0xbe, ...low(ORIGIN + PACKET)], //          mov si, PACKET
  [0xb4, 0x42, 0xcd, 0x13], //                 mov ah, 42h; int 13h
  [0x72, 0x1a], //                             jc end
  [0xbe, ...low(BUFFER)], //                   mov si, BUFFER
  [0xac, 0x84, 0xc0, 0x74, 0x12], //     next: lodsb; test al, al; jz end
  [0x88, 0xc4, 0xba, 0xfd, 0x03], //           mov ah, al; mov dx, 3fdh
  [0xec, 0xa8, 0x20, 0x74, 0xfb], //     wait: in al, dx; test al, 20h; jz wait
  [0x88, 0xe0, 0xba, 0xf8, 0x03, 0xee], //     mov al, ah; mov dx, 3f8h; out dx, al
  [0xeb, 0xe9], //                             jmp next
  [0xb0, 0x01, 0xe6, 0xf4], //            end: mov al, 1; out 0f4h, al
  [0xeb, 0xfe], //                             jmp $
].flat();

/** What QEMU exits with when the program has come to its end: twice what it wrote, and one. */
export const BOOTED = 3;

/** The machine's arguments for QEMU that go with the program. */
export const BOOT_MACHINE: readonly string[] = [
  ...["-accel", "tcg"],
  ...["-m", "64"],
  "-nodefaults",
  ...["-display", "none"],
  ...["-serial", "stdio"],
  ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
];

/** Makes a CD in `dir` that writes `text` when it is booted, and returns its path. */
export async function bootableIso(dir: string, text: string): Promise<string> {
  const image = new Uint8Array(BLOCKS * BLOCK);
  image.set([0xeb, PROGRAM - 2]); // jmp PROGRAM, over what xorriso writes
  image.set(CODE, PROGRAM);
  image.set([0x10, 0, 1, 0, ...low(BUFFER), 0, 0], PACKET); // one block to BUFFER
  image.set(new TextEncoder().encode(`${text}\r\n`), TEXT_BLOCK * BLOCK);
  const [root, iso] = [`${dir}/root`, `${dir}/boot.iso`];
  await Deno.mkdir(root);
  await Deno.writeFile(`${root}/boot.img`, image);
  await toolOutput("xorriso", [
    ...["-as", "mkisofs", "-quiet", "-o", iso],
    ...["-b", "boot.img", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4"],
    ...["-boot-info-table", root],
  ]);
  return iso;
}

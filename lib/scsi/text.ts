/** Text fields of SCSI data (SPC-5 4.3.1). */

/** Writes text left-aligned and padded with blanks; what is not printable ASCII becomes "?". */
export function putText(bytes: Uint8Array, at: number, length: number, text: string): void {
  for (let index = 0; index < length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : 0x20;
    bytes[at + index] = code >= 0x20 && code < 0x7f ? code : 0x3f;
  }
}

/** What all vital product data pages begin with (SPC-5 7.7.1). */

/** A page of `length` bytes behind its four-byte header; inquiry() puts in what device it is of. */
export function newPage(code: number, length: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 + length));
  view.setUint8(1, code);
  view.setUint16(2, length);
  return view;
}

/** All of a page. */
export function bytesOf(view: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(view.buffer);
}

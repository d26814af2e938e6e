/** TCP connections to loopback through the same calls that the server makes. */
import { describeErrno, Errno } from "../../../ffi/errno.ts";
import { check } from "../../../ffi/libc.ts";
import { mainLibc } from "../../../ffi/libc_main.ts";
import { Memory } from "../../../ffi/memory.ts";
import { closeSocket, receive, send, tuneSocket } from "../../../ffi/socket.ts";
import { concatBytes } from "../../initiator/bytes.ts";
import type { LoginTransport } from "../../initiator/login.ts";
import { announcedLength, decodePdu, opcodeName, type Pdu } from "../../initiator/pdu.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const F_SETFL = 4;
const O_NONBLOCK = Deno.build.os === "linux" ? 0o4000 : 0x4;

/** Longest PDU of a login, and of what is asked in order before a load. */
const PDU_MOST = 64 * 2 ** 10;

/** A connected socket of 127.0.0.1, on which calls wait. Throws an Error if nobody listens there. */
export function connectLoopback(port: number): number {
  const fd = check(mainLibc.socket(AF_INET, SOCK_STREAM, 0));
  if (fd < 0) throw new Error(`Cannot make a socket: ${describeErrno(-fd)}`);
  const view = new DataView(new ArrayBuffer(16));
  if (Deno.build.os === "linux") view.setUint16(0, AF_INET, true);
  else view.setUint16(0, 16 << 8 | AF_INET);
  view.setUint16(2, port);
  view.setUint32(4, 0x7f000001);
  const result = check(mainLibc.connect(fd, new Uint8Array(view.buffer), 16));
  if (result < 0) {
    closeSocket(fd);
    throw new Error(`Cannot connect to 127.0.0.1:${port}: ${describeErrno(-result)}`);
  }
  tuneSocket(fd);
  return fd;
}

/** From now on calls on the socket do not wait. */
export function setNonBlocking(fd: number): void {
  const result = check(mainLibc.fcntl(fd, F_SETFL, O_NONBLOCK));
  if (result < 0) throw new Error(`Cannot set a socket non-blocking: ${describeErrno(-result)}`);
}

/** Sends and receives whole PDUs, one after the other, each call waiting for its end. */
export class BlockingConnection implements LoginTransport {
  readonly fd: number;
  #buffer = new Memory(PDU_MOST);
  #received = new Uint8Array();

  constructor(fd: number) {
    this.fd = fd;
  }

  sendPdu(pdu: Pdu): Promise<void> {
    const bytes = pdu.encode();
    this.#buffer.bytes.set(bytes);
    for (let at = 0; at < bytes.length;) {
      const sent = send(this.fd, this.#buffer.address + at, bytes.length - at);
      if (sent < 0) throw new Error(`Cannot send a PDU: ${describeErrno(-sent)}`);
      at += sent;
    }
    return Promise.resolve();
  }

  expect(opcode: number): Promise<Pdu> {
    const pdu = this.#next();
    if (pdu.opcode !== opcode) {
      throw new Error(`Expected ${opcodeName(opcode)}: got ${opcodeName(pdu.opcode)}`);
    }
    return Promise.resolve(pdu);
  }

  #next(): Pdu {
    for (;;) {
      const length = announcedLength(this.#received);
      if (length !== undefined && this.#received.length >= length) {
        const pdu = decodePdu(this.#received);
        this.#received = this.#received.subarray(length);
        return pdu;
      }
      const count = receive(this.fd, this.#buffer.address, PDU_MOST);
      if (count === -Errno.EINTR) continue;
      if (count < 0) throw new Error(`Cannot receive a PDU: ${describeErrno(-count)}`);
      if (count === 0) throw new Error("The target has closed the connection");
      this.#received = concatBytes([this.#received, this.#buffer.bytes.slice(0, count)]);
    }
  }
}

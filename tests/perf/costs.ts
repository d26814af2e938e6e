/**
 * What single steps of a READ cost, each measured by itself in this process: the constants of the model
 * in docs/performance/model.md. All are microseconds. A step is repeated in short runs, of which the
 * fast ones count: what takes longer had to wait for the processor.
 */
import { createPoller } from "../../ffi/create_poller.ts";
import { Memory } from "../../ffi/memory.ts";
import { READABLE } from "../../ffi/poller.ts";
import {
  acceptSocket,
  closeSocket,
  findListener,
  receive,
  send,
  tuneSocket,
} from "../../ffi/socket.ts";
import { Rig } from "../harness/rig.ts";
import { read16, testUnitReady } from "../initiator/cdb.ts";
import { BHS_LENGTH, Field, FINAL } from "../initiator/pdu.ts";
import { READ } from "../initiator/requests.ts";
import { connectLoopback, setNonBlocking } from "./load/client_socket.ts";

export interface Costs {
  /** A look for descriptors that finds one. */
  readonly wait: number;
  /** A receive, and each byte of it; the same for a send. */
  readonly receive: number;
  readonly receiveByte: number;
  readonly send: number;
  readonly sendByte: number;
  /** A SCSI Command PDU and its answer: what TEST UNIT READY takes. */
  readonly pdu: number;
  /** What a READ of 512 bytes takes beyond that. */
  readonly io: number;
}

/** Runs of one step, and the part of them that is as fast as it can be. */
const RUNS = 600;
const FAST = 0.2;

const BLOCK = 512;
const BATCH = 32;
const REQUEST = BHS_LENGTH;
const ANSWER = BHS_LENGTH + BLOCK;

/** Bytes of the file that is read. */
const DISK = 64 * 2 ** 20;

/** Microseconds of each of the `count` steps that `run` makes; `before` prepares it. */
function timeOf(count: number, run: () => void, before: () => void = () => {}): number {
  const times: number[] = [];
  for (let index = 0; index < RUNS; index++) {
    before();
    const began = performance.now();
    run();
    times.push((performance.now() - began) * 1000 / count);
  }
  return times.sort((a, b) => a - b)[Math.floor(RUNS * FAST)]!;
}

/** Two ends of a connection through loopback. */
function connectedPair(): [number, number] {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const one = connectLoopback(port);
  let other = -1;
  while (other < 0) other = acceptSocket(findListener({ hostname, port })!);
  setNonBlocking(one);
  tuneSocket(other);
  return [one, other];
}

/** The costs of calls: [receive of so many bytes, send of so many bytes]. */
function callCosts([one, other]: [number, number], length: number): [number, number] {
  const memory = new Memory(BATCH * ANSWER * 2);
  const calls = 8;
  const times = { receive: 0, send: 0 };
  const sendAll = () => {
    for (let call = 0; call < calls; call++) {
      if (send(one, memory.address, length) !== length) throw new Error("A send was cut short");
    }
  };
  const receiveAll = () => {
    for (let call = 0; call < calls; call++) {
      if (receive(other, memory.address, length) !== length) throw new Error("Too little came");
    }
  };
  times.receive = timeOf(calls, receiveAll, sendAll);
  times.send = timeOf(calls, sendAll, () => {
    while (receive(other, memory.address, memory.length) > 0);
  });
  while (receive(other, memory.address, memory.length) > 0);
  return [times.receive, times.send];
}

function waitCost([one, other]: [number, number]): number {
  const poller = createPoller();
  const memory = new Memory(64);
  send(one, memory.address, 1);
  poller.add(other, 1, READABLE);
  const cost = timeOf(50, () => {
    for (let look = 0; look < 50; look++) poller.wait(0);
  });
  poller.close();
  receive(other, memory.address, 1);
  return cost;
}

/** What a command takes in the whole of the target, without a socket. */
function commandCost(rig: Rig, isid: number, cdb: Uint8Array, expectedLength: number): number {
  const peer = rig.login(isid);
  const { connection } = peer;
  const memory = new Memory(BATCH * BHS_LENGTH);
  const flags = FINAL | 1 | (expectedLength > 0 ? READ : 0);
  for (let at = 0; at < BATCH; at++) {
    const command = peer.command({ cdb, flags, expectedLength });
    memory.bytes.set(command.encode(), at * BHS_LENGTH);
  }
  let cmdSN = peer.cmdSn - BATCH;
  const next = () => {
    for (let at = 0; at < BATCH; at++) {
      const place = at * BHS_LENGTH;
      memory.view.setUint32(place + Field.cmdSn, cmdSN++);
      if (expectedLength === 0) continue;
      const block = Math.floor(Math.random() * (DISK / BLOCK));
      memory.view.setUint32(place + Field.cdb + 6, block);
    }
  };
  const run = () => {
    connection.receive(memory, 0, memory.length);
    connection.output.advance(connection.output.length);
  };
  for (let index = 0; index < 2000; index++) {
    next(); // until its code is compiled
    run();
  }
  const cost = timeOf(BATCH, run, next);
  connection.close();
  return cost;
}

/** Measures all of them. */
export function measureCosts(): Costs {
  const pair = connectedPair();
  for (let round = 0; round < 3; round++) callCosts(pair, ANSWER); // until its code is compiled
  const [receiveOne] = callCosts(pair, REQUEST);
  const [receiveMany] = callCosts(pair, REQUEST * BATCH);
  const [, sendOne] = callCosts(pair, ANSWER);
  const [, sendMany] = callCosts(pair, ANSWER * BATCH);
  const wait = waitCost(pair);
  for (const fd of pair) closeSocket(fd);
  const path = Deno.makeTempFileSync({ dir: "/dev/shm", prefix: "scst_bench_" });
  let pdu: number;
  let read: number;
  try {
    Deno.writeFileSync(path, new Uint8Array(DISK).fill(1));
    using rig = new Rig({ path, size: DISK });
    pdu = commandCost(rig, 1, testUnitReady(), 0);
    read = commandCost(rig, 2, read16(0, 1), BLOCK);
  } finally {
    Deno.removeSync(path);
  }
  const receiveByte = Math.max(0, (receiveMany - receiveOne) / (REQUEST * (BATCH - 1)));
  const sendByte = Math.max(0, (sendMany - sendOne) / (ANSWER * (BATCH - 1)));
  return {
    wait,
    receive: receiveOne - receiveByte * REQUEST,
    receiveByte,
    send: sendOne - sendByte * ANSWER,
    sendByte,
    pdu,
    io: read - pdu,
  };
}

/** Microseconds of the server for a READ of 512 bytes, when `batch` of them come in one receive. */
export function serverTime(costs: Costs, batch: number, sends: number): number {
  const { wait, receive, receiveByte, send, sendByte, pdu, io } = costs;
  const turn = wait + receive + sends * send;
  return turn / batch + receiveByte * REQUEST + sendByte * ANSWER + pdu + io;
}

/**
 * The initiator of the bench, in a thread of its own: it opens sessions, keeps them busy for some
 * seconds around the poller of the server, and says what came of it.
 */
import { Errno } from "../../../ffi/errno.ts";
import { createPoller } from "../../../ffi/create_poller.ts";
import { Memory } from "../../../ffi/memory.ts";
import { type Poller, READABLE, WRITABLE } from "../../../ffi/poller.ts";
import { closeSocket, receive, send } from "../../../ffi/socket.ts";
import { STREAM_REQUEST } from "../floor/stream.ts";
import { connectLoopback, setNonBlocking } from "./client_socket.ts";
import { Latencies } from "./latencies.ts";
import { LoadSession, RECEIVE_LENGTH } from "./load_session.ts";
import type { FromLoad, LoadResult, LoadShape, ToLoad } from "./shape.ts";

/** Milliseconds of silence after which a target is given up. */
const SILENCE = 20_000;

/** Waits for what is watched, and returns how many have something; throws if none has for long. */
function awaitSome(poller: Poller): number {
  const count = poller.wait(SILENCE);
  if (count === 0) throw new Error(`The target has been silent for ${SILENCE / 1000} s`);
  return count;
}

class Load {
  #sessions: LoadSession[] = [];
  #poller: Poller = createPoller();
  #buffer = new Memory(48 + RECEIVE_LENGTH);
  #latencies = new Latencies();

  async open(shape: LoadShape): Promise<void> {
    this.#latencies = new Latencies();
    for (let index = 0; index < shape.sessions; index++) {
      const session = await LoadSession.open(shape, index, this.#latencies);
      this.#poller.add(session.fd, this.#sessions.length, READABLE);
      this.#sessions.push(session);
    }
    for (const lun of shape.luns) {
      for (const session of this.#sessions) session.ask(lun);
      this.#settle();
    }
  }

  run(seconds: number): LoadResult {
    const begin = performance.now();
    const end = begin + seconds * 1000;
    for (const session of this.#sessions) {
      session.issue(begin);
      session.flush();
    }
    let now = begin;
    while (now < end) now = this.#turn(end);
    const count = this.#sum((session) => session.ended);
    const receives = this.#sum((session) => session.receives);
    const sends = this.#sum((session) => session.sends);
    this.#settle();
    return {
      count,
      seconds: (now - begin) / 1000,
      total: this.#sum((session) => session.ended),
      receives,
      sends,
      median: this.#latencies.within(0.5),
      most: this.#latencies.within(0.99),
    };
  }

  close(): void {
    for (const session of this.#sessions) {
      this.#poller.remove(session.fd);
      session.close();
    }
    this.#sessions.length = 0;
  }

  /** Waits for the ends of all commands. */
  #settle(): void {
    while (this.#sessions.some((session) => session.underWay > 0)) this.#turn(0);
  }

  /** Deals with what has come; new commands are sent until `end`. Returns the time. */
  #turn(end: number): number {
    const count = awaitSome(this.#poller);
    const now = performance.now();
    for (let index = 0; index < count; index++) {
      const token = this.#poller.token(index);
      const session = this.#sessions[token]!;
      const wasFull = session.isFull;
      if (this.#poller.found(index) !== WRITABLE) session.take(this.#buffer, now);
      if (now < end) session.issue(now);
      session.flush();
      if (session.isFull !== wasFull) {
        this.#poller.modify(session.fd, token, READABLE | (session.isFull ? WRITABLE : 0));
      }
    }
    return now;
  }

  #sum(of: (session: LoadSession) => number): number {
    return this.#sessions.reduce((sum, session) => sum + of(session), 0);
  }
}

/** Has the floor send blocks of `length` bytes as fast as it can, and counts what comes. */
function stream(port: number, length: number, seconds: number): { bytes: number; seconds: number } {
  const buffer = new Memory(RECEIVE_LENGTH);
  buffer.view.setUint32(0, STREAM_REQUEST);
  buffer.view.setUint32(4, length);
  const fd = connectLoopback(port);
  const poller = createPoller();
  try {
    send(fd, buffer.address, 8);
    setNonBlocking(fd);
    poller.add(fd, 0, READABLE);
    const begin = performance.now();
    let bytes = 0;
    let now = begin;
    while (now < begin + seconds * 1000) {
      const count = receive(fd, buffer.address, Math.min(length, RECEIVE_LENGTH));
      if (count > 0) bytes += count;
      else if (count === -Errno.EAGAIN) awaitSome(poller);
      else if (count !== -Errno.EINTR) throw new Error("The floor has ended its stream");
      now = performance.now();
    }
    return { bytes, seconds: (now - begin) / 1000 };
  } finally {
    poller.close();
    closeSocket(fd);
  }
}

async function answer(load: Load, message: ToLoad): Promise<FromLoad> {
  switch (message.kind) {
    case "open":
      await load.open(message.shape);
      return { kind: "done" };
    case "run":
      return { kind: "result", result: load.run(message.seconds) };
    case "stream":
      return { kind: "streamed", ...stream(message.port, message.length, message.seconds) };
    case "close":
      load.close();
      return { kind: "done" };
  }
}

const load = new Load();
self.onmessage = async (event: MessageEvent<ToLoad>) => {
  const failed = (error: unknown): FromLoad => {
    load.close();
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  };
  self.postMessage(await answer(load, event.data).catch(failed));
};

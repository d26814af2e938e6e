/** Chooses the poller of this system. */
import { EpollPoller } from "./epoll.ts";
import { PORTABLE } from "./platform.ts";
import { PollPoller } from "./poll.ts";
import type { Poller } from "./poller.ts";

/** The best poller of this system. */
export function createPoller(): Poller {
  return PORTABLE ? new PollPoller() : new EpollPoller();
}

/**
 * What one connection can take of the server's memory, whatever its initiator does: this is all of it,
 * beside a PDU that is being received and the few hundred bytes of each task, of which there are
 * QueuedCommands. README.md has the same in words, with the limits of the whole server.
 */

/**
 * Bytes of answers from which on no further PDU is handled until they are sent, and from which on no
 * data is read to be put behind them. One more answer may come on top.
 */
export const OUTPUT_MOST = 512 * 2 ** 10;

/** What a connection gets done at once, as long as there is more: PDUs, and bytes to send. */
export interface Turn {
  readonly pdus: number;
  readonly output: number;
}

export const LONG_TURN: Turn = { pdus: Infinity, output: Infinity };

/**
 * The turn of a connection while another one waits for each of its answers: a deep queue of one
 * initiator then costs others no more than this each time.
 */
export const SHORT_TURN: Turn = { pdus: 8, output: 64 * 2 ** 10 };

/**
 * Bytes of memory for data that commands read: on its way from the store, or waiting to be sent. The
 * commands beyond that wait without any.
 */
export const READ_MEMORY_MOST = 16 * 2 ** 20;

/** Bytes of memory for data that was asked for with an R2T; a single larger write is let through alone. */
export const WRITE_MEMORY_MOST = 64 * 2 ** 20;

/** Bytes of requests that may wait for one that comes before them. */
export const EARLY_MOST = 256 * 2 ** 10;

/** Commands for immediate delivery are outside of the window; so many of them are taken beside it. */
export const IMMEDIATE_MOST = 16;

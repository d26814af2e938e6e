/** Files of the tree that act on what goes on, and say what does: none of them is marked, or saved. */
import { cNumber, number } from "../config/c_text.ts";
import type { BlackHole, LunSetPlace } from "../shard/server.ts";
import type { Administration } from "./administration.ts";
import type { Outcome } from "./engine.ts";
import type { LiveEngine } from "./live_engine.ts";
import { changeable, digit, type Entries, readable, writable } from "./nodes.ts";
import { trimmed, valueBy } from "./text_value.ts";
import { TreeError, type TreeFile } from "./tree.ts";

/** What a number of the file `name` may be. Throws EINVAL. */
function numberOf(name: string, text: string): number {
  return valueBy(number(-(2 ** 31), 2 ** 31 - 1), name, trimmed(text));
}

/** At the root. */
export function rootLiveFiles(administration: Administration): Entries {
  const { live } = administration.engine;
  return {
    suspend: () =>
      changeable(async () => `${await live.suspensions()}\n`, (text) => {
        const seconds = numberOf("suspend", text);
        return administration.atOnce(seconds < 0 ? live.resume() : live.suspend(seconds));
      }),
    measure_latency: () =>
      changeable(
        async () => `${digit(await live.measuresLatency())}\n`,
        (text) =>
          administration.atOnce(live.measureLatency(numberOf("measure_latency", text) !== 0)),
      ),
    trace_cmds: () => readable(() => live.traceCommands()),
    // A function is done in the turn of the loop in which it comes: there is never one in flight.
    trace_mcmds: () => readable(() => ""),
  };
}

/** Of a device; `isThin` says that it can be short of space. */
export function deviceLiveFiles(
  administration: Administration,
  device: string,
  isThin: boolean,
): Entries {
  const { live } = administration.engine;
  const threshold = () => writable(() => administration.atOnce(live.raiseSoftThreshold(device)));
  return {
    pr_state: () =>
      changeable(
        () => administration.engine.reservations(device),
        (text) => administration.atOnce(live.restoreReservations(device, text)),
      ),
    block: () =>
      changeable(async () => {
        const { blocks, pending } = await live.blocks(device);
        return `${blocks} ${pending}\n`;
      }, (text) => administration.atOnce(changeBlock(live, device, text))),
    ...(isThin ? { gen_tp_soft_threshold_reached_UA: threshold } : {}),
  };
}

function changeBlock(live: LiveEngine, device: string, text: string): Outcome {
  const [, word, rest = ""] = /^(\S*)(?:\s+([^]*))?$/.exec(trimmed(text)) ?? [];
  if (word === "0" && rest === "") return live.unblock(device);
  if (word === "1" && rest === "") return live.block(device, true, "");
  if (word === "11" && /^[ -~]*$/.test(rest)) return live.block(device, false, rest);
  const forms = "0 to unblock, 1 to block and wait, or 11 with a line for the log to block";
  throw new TreeError("EINVAL", `block must be ${forms}: current value is ${JSON.stringify(text)}`);
}

/** What a set of LUNs never answers: the first character counts, as in SCST. */
export function blackHoleFile(administration: Administration, place: LunSetPlace): TreeFile {
  const { live } = administration.engine;
  return changeable(async () => `${await live.blackHole(place)}\n`, (text) => {
    const value = cNumber(text.slice(0, 1));
    if (value === undefined || value > 4) {
      const what = "black_hole must be a number from 0 to 4";
      throw new TreeError("EINVAL", `${what}: current value is ${JSON.stringify(trimmed(text))}`);
    }
    return administration.atOnce(live.setBlackHole(place, value as BlackHole));
  });
}

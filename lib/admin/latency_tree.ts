/** `latency/` of a session: where the time of its commands went, by way and size. */
import { LATENCY_SIZES, LATENCY_WAYS, type LatencyRow } from "../shard/server.ts";
import type { Administration } from "./administration.ts";
import { changeable, directory, type Entries } from "./nodes.ts";
import type { TreeDirectory } from "./tree.ts";

const HEADER = "state count min max avg stddev\n";

/** The statistics of a session; whatever is written to a file has them begin anew. */
export function latencyDirectory(administration: Administration, sid: string): TreeDirectory {
  const { live } = administration.engine;
  const places = LATENCY_WAYS.flatMap((way) => LATENCY_SIZES.map((size) => ({ sid, way, size })));
  const entries: Entries = Object.fromEntries(places.map((place) => [
    `${place.way}${place.size}`,
    () =>
      changeable(
        async () => HEADER + (await live.latency(place)).map(lineOf).join(""),
        () => administration.atOnce(live.resetLatency(place)),
      ),
  ]));
  return directory(entries);
}

function lineOf({ stage, count, min, max, average, deviation }: LatencyRow): string {
  const times = [min, max, average, deviation].map((time) => `${time.toFixed(1)} us`);
  return `${stage} ${count} ${times.join(" ")}\n`;
}

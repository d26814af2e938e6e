/** `scst demo`: a disk in a file, without a configuration and without root. */
import { savedIds } from "../config/ids.ts";
import { ISCSI_PORT } from "../config/portal.ts";
import { formatSize, parseSize, SIZE_ALLOWED, sizeHint } from "../config/size.ts";
import {
  type DeviceIds,
  DRIVER_DEFAULTS,
  type ServerModel,
  TARGET_DEFAULTS,
} from "../scst/model.ts";
import { StartError } from "../shard/server.ts";
import type { SparseFile } from "../store/create.ts";
import { connectingText } from "./connecting.ts";
import { prepareImage } from "./demo_image.ts";
import { type ExitCode, Failure, UsageError } from "./failure.ts";
import { print } from "./output.ts";
import { serveModel } from "./run.ts";
import { absolutePath, stateDir } from "./state_dir.ts";
import type { Verb, VerbInput } from "./verb.ts";

const TARGET = "iqn.2026-11.org.scst:demo";
const HOSTNAME = "127.0.0.1";
const DEVICE = "demo";
const BLOCKSIZE = 512;

async function demo({ options }: VerbInput): Promise<ExitCode> {
  const port = parsePort(options.get("port"));
  const size = parseDemoSize(options.get("size"));
  const state = stateDir(options.get("state"));
  const chosen = options.get("path");
  const path = chosen === undefined ? `${state}/demo.img` : absolutePath(chosen);
  // Another file is another disk: two of them under one identity would be mixed up by multipathing.
  const idName = chosen === undefined ? DEVICE : `${DEVICE} ${path}`;
  const ids = savedIds(state, [idName]).get(idName);
  if (!ids) throw new Error(`No ids were saved for ${idName}`);
  const image = prepareImage(path, size);
  try {
    return await serveModel(demoModel(state, path, size, port, ids), {
      isStrict: true,
      onReady: ([portal]) => print(introduction(path, image, portal?.port ?? port)),
    });
  } catch (error) {
    if (!(error instanceof StartError && error.portInUse)) throw error;
    const other = port < 65535 ? port + 1 : ISCSI_PORT;
    throw new Failure(`${error.message}; choose another port, for example --port ${other}`, {
      cause: error,
    });
  }
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return ISCSI_PORT;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new UsageError(`--port must be 0 to 65535: current value is "${text}"`);
}

function parseDemoSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined) {
    const hint = sizeHint(text);
    const tail = hint === undefined ? "" : `; ${hint}`;
    throw new UsageError(`--size must be ${SIZE_ALLOWED}: current value is "${text}"${tail}`);
  }
  if (size % BLOCKSIZE !== 0) {
    throw new UsageError(
      `--size must be a multiple of ${BLOCKSIZE} bytes: current value is ${size}`,
    );
  }
  return size;
}

function demoModel(
  stateDir: string,
  path: string,
  size: number | undefined,
  port: number,
  ids: DeviceIds,
): ServerModel {
  return {
    stateDir,
    driver: DRIVER_DEFAULTS,
    portals: [{ hostname: HOSTNAME, port }],
    devices: [{
      name: DEVICE,
      handler: "vdisk_fileio",
      filename: path,
      blocksize: BLOCKSIZE,
      ...(size === undefined ? {} : { size }),
      readOnly: false,
      thinProvisioned: true,
      rotational: false,
      removable: false,
      writeThrough: false,
      nvCache: false,
      tst: 1,
      explAlua: false,
      ids,
    }],
    targets: [{
      name: TARGET,
      relTgtId: 1,
      attributes: TARGET_DEFAULTS,
      luns: [{ lun: 0, device: DEVICE, readOnly: false }],
      groups: [],
      incomingUsers: [],
    }],
    deviceGroups: [],
  };
}

function introduction(path: string, image: SparseFile, port: number): string {
  const story = image.made ? "a new sparse file" : "the file that was there";
  return [
    "",
    `A disk of SCST is ready: ${path} (${formatSize(image.size)}), ${story}.`,
    `It is LUN 0 of ${TARGET}. Anyone on this machine can use it; Ctrl-C ends the demo, the data stays.`,
    "",
    connectingText({ hostname: HOSTNAME, port, target: TARGET }),
  ].join("\n");
}

export const DEMO: Verb = {
  name: "demo",
  summary: "serve a 1 GiB disk on 127.0.0.1, with nothing to configure and without root",
  arguments: [],
  options: [
    { name: "size", value: "SIZE", description: "size of a new disk (default: 1GiB)" },
    {
      name: "path",
      value: "FILE",
      description: "the disk's file (default: demo.img in the state directory)",
      completion: "file",
    },
    {
      name: "port",
      value: "PORT",
      description: `TCP port, 0 takes a free one (default: ${ISCSI_PORT})`,
    },
    {
      name: "state",
      value: "DIR",
      description: "state directory (default: ~/.local/state/scst)",
      completion: "directory",
    },
  ],
  examples: [
    "scst demo",
    "scst demo --port 3261",
    "scst demo --size 20GiB --path /srv/disk.img",
  ],
  run: demo,
};

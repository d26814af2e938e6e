/** `luns/` of a target or a group: which device is which LUN. */
import { cNumber, SWITCH } from "../config/c_text.ts";
import { quote } from "../config/problem.ts";
import type { LunModel, ServerModel } from "../scst/model.ts";
import type { Administration } from "./administration.ts";
import { deviceOf } from "./edit.ts";
import { named } from "./named.ts";
import { changeable, digit, directory, link, readable, valueText } from "./nodes.ts";
import { valueBy } from "./text_value.ts";
import { type TreeDirectory, TreeError } from "./tree.ts";
import { commandOf, exactWords, parametersOf, splitWord, wordsOf } from "./words.ts";

const LUN_MOST = 16383;

const HELP = [
  'Usage: echo "add DEVICE LUN [PARAMETER=VALUE;...]" >mgmt',
  '       echo "del LUN" >mgmt',
  '       echo "replace DEVICE LUN [PARAMETER=VALUE;...]" >mgmt',
  '       echo "replace_no_ua DEVICE LUN [PARAMETER=VALUE;...]" >mgmt',
  '       echo "clear" >mgmt',
  "",
  "The following parameters available: read_only",
  "",
].join("\n");

const FORMS = "add DEVICE LUN, del LUN, replace DEVICE LUN, replace_no_ua DEVICE LUN or clear";

/** A set of LUNs: where it stands in the model, and where in the tree. */
export interface LunSetPlace {
  get(): readonly LunModel[];
  set(model: ServerModel, change: (luns: readonly LunModel[]) => readonly LunModel[]): ServerModel;
  /** From one of its LUNs to the root of the tree, as in "../../../../..". */
  readonly toRoot: string;
}

export function lunsDirectory(administration: Administration, place: LunSetPlace): TreeDirectory {
  const find = (name: string) => place.get().find(({ lun }) => String(lun) === name);
  return directory({
    mgmt: () => changeable(() => HELP, (text) => manage(administration, place, text)),
  }, {
    names: () => place.get().map(({ lun }) => String(lun)),
    lookup: (name) => {
      const entry = find(name);
      return entry && lunDirectory(administration, place, entry);
    },
  });
}

function lunDirectory(
  administration: Administration,
  { toRoot }: LunSetPlace,
  { device, readOnly }: LunModel,
): TreeDirectory {
  const isReadOnly = () =>
    readOnly || named(administration.model.devices, device)?.readOnly === true;
  return directory({
    device: () => link(`${toRoot}/devices/${device}`),
    read_only: () => readable(() => valueText(digit(isReadOnly()), isReadOnly())),
  });
}

async function manage(
  administration: Administration,
  place: LunSetPlace,
  text: string,
): Promise<void> {
  const { word, rest } = commandOf(text);
  const change = (
    update: (model: ServerModel, luns: readonly LunModel[]) => readonly LunModel[],
    quiet = false,
  ) => administration.change((model) => place.set(model, (luns) => update(model, luns)), { quiet });
  switch (word) {
    case "add":
      return await change((model, luns) => {
        const entry = parseEntry(model, rest);
        if (!luns.some(({ lun }) => lun === entry.lun)) return [...luns, entry];
        throw new TreeError("EEXIST", `LUN ${entry.lun} is there already`);
      });
    case "replace":
    case "replace_no_ua":
      return await change((model, luns) => {
        const entry = parseEntry(model, rest);
        const isThere = luns.some(({ lun }) => lun === entry.lun);
        return isThere ? luns.map((one) => one.lun === entry.lun ? entry : one) : [...luns, entry];
      }, word === "replace_no_ua");
    case "del":
      return await change((_, luns) => {
        const [number = ""] = exactWords(rest, 1, "del LUN");
        const lun = parseLun(number);
        if (luns.some((one) => one.lun === lun)) return luns.filter((one) => one.lun !== lun);
        throw new TreeError("EINVAL", `There is no LUN ${lun} here`);
      });
    case "clear":
      exactWords(rest, 0, "clear");
      return await change(() => []);
    default:
      throw new TreeError("EINVAL", `${quote(word)} is no command here: ${FORMS}`);
  }
}

function parseEntry(model: ServerModel, text: string): LunModel {
  const [device, afterDevice] = splitWord(text);
  const [number, parameters] = splitWord(afterDevice);
  if (number === "") {
    throw new TreeError("EINVAL", `A word is missing: the command is ${FORMS}`);
  }
  deviceOf(model, device);
  let readOnly = false;
  for (const [name, value] of parametersOf(parameters)) {
    if (name !== "read_only") {
      throw new TreeError("EINVAL", `${quote(name)} is no parameter of a LUN: read_only is`);
    }
    readOnly = valueBy(SWITCH, name, value);
  }
  return { lun: parseLun(number), device, readOnly };
}

function parseLun(text: string): number {
  const lun = wordsOf(text).length === 1 ? cNumber(text) : undefined;
  if (lun !== undefined && lun >= 0 && lun <= LUN_MOST) return lun;
  const what = `A LUN must be a number from 0 to ${LUN_MOST}`;
  throw new TreeError("EINVAL", `${what}: current value is ${quote(text)}`);
}

/**
 * Faults that the store of a device is to make, one in a text: the operations, what befalls them, and
 * when, as in `read,write EIO chance=0.01 seed=7` or `sync delay=200ms after=10 count=1`.
 */
import {
  FAULT_ERRORS,
  FAULT_OPERATIONS,
  type FaultAction,
  type FaultOperation,
  type FaultRule,
} from "../scst/model.ts";
import type { ScalarRule } from "./attribute.ts";

/** Rules that a device may have. */
export const FAULTS_MOST = 16;

/** Milliseconds that something may be late by, and bytes that a transfer may be cut off behind. */
const DELAY_MOST = 600_000;
const SHORT_MOST = 8 * 2 ** 20;

const ANY = "any";

const OPERATIONS = [...FAULT_OPERATIONS, ANY].join(", ");
const ACTIONS = "an errno, delay=200ms (or 2s), short=BYTES or hang";
const CONDITIONS = "chance=0.01, seed=N, after=N, count=N, lba=FIRST-LAST";

export const FAULT_RULE: ScalarRule<FaultRule> = {
  allowed: `operations with commas (${OPERATIONS}), what befalls them (${ACTIONS}; errno is ${
    FAULT_ERRORS.join(", ")
  }) and conditions (${CONDITIONS})`,
  parse: ({ text }) => parseFault(text),
};

/** The rule that a text stands for; undefined if it is none. */
export function parseFault(text: string): FaultRule | undefined {
  const [operationText = "", actionText = "", ...conditions] = text.trim().split(/\s+/);
  const operations = parseOperations(operationText);
  const action = parseAction(actionText);
  if (operations === undefined || action === undefined) return undefined;
  if (action.kind === "short" && !operations.every((name) => name === "read" || name === "write")) {
    return undefined; // nothing else transfers anything
  }
  let rule: FaultRule = {
    operations,
    action,
    chance: 1,
    seed: 1,
    after: 0,
    count: Infinity,
    blocks: undefined,
  };
  const given = new Set<string>();
  for (const condition of conditions) {
    const [name = "", value] = condition.split("=", 2);
    const part = value === undefined || given.has(name) ? undefined : CONDITION.get(name)?.(value);
    if (part === undefined) return undefined;
    given.add(name);
    rule = { ...rule, ...part };
  }
  return rule;
}

/** Rules in one text, with semicolons or line breaks between them; undefined if one of them is none. */
export function parseFaults(text: string): readonly FaultRule[] | undefined {
  const texts = text.split(/[;\n]/).map((part) => part.trim()).filter((part) => part !== "");
  if (texts.length === 0 || texts.length === 1 && texts[0] === "none") return [];
  const rules = texts.map(parseFault);
  const isValid = rules.length <= FAULTS_MOST && rules.every((rule) => rule !== undefined);
  return isValid ? rules : undefined;
}

function parseOperations(text: string): readonly FaultOperation[] | undefined {
  if (text === ANY) return FAULT_OPERATIONS;
  const names = text.split(",");
  const known = FAULT_OPERATIONS.filter((name) => names.includes(name));
  return known.length === names.length ? known : undefined;
}

function parseAction(text: string): FaultAction | undefined {
  if (text === "hang") return { kind: "hang" };
  const errno = FAULT_ERRORS.find((name) => name === text);
  if (errno !== undefined) return { kind: "error", errno };
  const [, count = "", unit] = /^delay=(\d{1,6})(ms|s)$/.exec(text) ?? [];
  if (unit !== undefined) {
    const milliseconds = Number(count) * (unit === "s" ? 1000 : 1);
    return milliseconds <= DELAY_MOST ? { kind: "delay", milliseconds } : undefined;
  }
  const bytes = numberOf(/^short=(.*)$/.exec(text)?.[1] ?? "");
  return bytes !== undefined && bytes <= SHORT_MOST ? { kind: "short", bytes } : undefined;
}

/** What each condition says of a rule; undefined where its value is none. */
const CONDITION = new Map<string, (value: string) => Partial<FaultRule> | undefined>(
  Object.entries({
    chance: (value) => {
      const chance = /^(?:0?\.\d{1,9}|1)$/.test(value) ? Number(value) : 0;
      return chance > 0 ? { chance } : undefined;
    },
    seed: (value) => whole(value, (seed) => seed < 2 ** 32 ? { seed } : undefined),
    after: (value) => whole(value, (after) => ({ after })),
    count: (value) => whole(value, (count) => count > 0 ? { count } : undefined),
    lba: (value) => {
      const [from = "", to = from, ...more] = value.split("-");
      const [first, last] = [numberOf(from), numberOf(to)];
      if (first === undefined || last === undefined || first > last || more.length > 0) {
        return undefined;
      }
      return { blocks: { first, last } };
    },
  }),
);

function whole(
  text: string,
  then: (value: number) => Partial<FaultRule> | undefined,
): Partial<FaultRule> | undefined {
  const value = numberOf(text);
  return value === undefined ? undefined : then(value);
}

function numberOf(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

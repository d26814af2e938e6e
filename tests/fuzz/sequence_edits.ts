/** Damage to the order of PDUs: of one case, or of two. */
import type { Random } from "../harness/random.ts";
import { Field, Opcode } from "../initiator/pdu.ts";
import type { Case } from "./corpus.ts";
import type { Recipe } from "./recipe.ts";

/** A PDU to send; `moved` says that it would not have come here. */
export interface Step {
  readonly recipe: Recipe;
  readonly moved: boolean;
}

const CONTINUE = 0x40;
const STAGE = 0x0c;

/** The steps of a case, as it stands. */
export function stepsOf({ recipes }: Case): Step[] {
  return recipes.map((recipe) => ({ recipe, moved: false }));
}

function moved(steps: readonly Step[]): Step[] {
  return steps.map(({ recipe }) => ({ recipe, moved: true }));
}

/** One change of the order; `others` are where PDUs come from that do not belong here. */
export function editSequence(
  steps: readonly Step[],
  others: readonly Case[],
  random: Random,
): Step[] {
  const at = random.below(steps.length);
  const other = stepsOf(random.pick(others));
  const from = random.below(other.length);
  switch (random.below(7)) {
    case 0: // spliced: the beginning of one, the end of the other
      return [...steps.slice(0, at), ...moved(other.slice(from))];
    case 1: // put in
      return steps.toSpliced(at, 0, ...moved(other.slice(from, from + 1)));
    case 2: // repeated, once or very often
      return steps.toSpliced(
        at,
        0,
        ...moved(Array(random.pick([1, 1, 2, 5, 40, 100])).fill(steps[at]!)),
      );
    case 3: // left out
      return steps.length === 1 ? [...steps] : moved(steps.toSpliced(at, 1));
    case 4: // swapped
      return steps.toSpliced(at, 2, ...moved(steps.slice(at, at + 2).reverse()));
    case 5: // ended early
      return steps.slice(0, at + 1);
    default:
      return steps.toSpliced(at, 1, ...split(steps[at]!, random));
  }
}

/** One text in several PDUs, with the C bit in all but the last one (RFC 7143 6.2, 11.10.2). */
function split(step: Step, random: Random): Step[] {
  const { recipe } = step;
  const isText = recipe.opcode === Opcode.LoginRequest || recipe.opcode === Opcode.TextRequest;
  if (!isText || recipe.data.length < 2) return [step];
  const cut = 1 + random.below(recipe.data.length - 1);
  const flags = recipe.fields.find(({ offset }) => offset === Field.flags)?.value;
  const stage = typeof flags === "number" ? flags & STAGE : 0;
  const value = CONTINUE | (recipe.opcode === Opcode.LoginRequest ? stage : 0);
  const first: Recipe = {
    ...recipe,
    data: recipe.data.slice(0, cut),
    fields: [...recipe.fields, { offset: Field.flags, size: 1, value }],
  };
  const rest: Recipe = { ...recipe, data: recipe.data.slice(cut) };
  return [{ recipe: first, moved: true }, { recipe: rest, moved: true }];
}

/** Lists of the model whose items have names: finding, replacing, leaving out. */

interface Named {
  readonly name: string;
}

const indexes = new WeakMap<readonly Named[], ReadonlyMap<string, Named>>();

/** The item of a name; lists of the model never change, so each is indexed once. */
export function named<T extends Named>(list: readonly T[], name: string): T | undefined {
  let index = indexes.get(list);
  if (index === undefined) {
    index = new Map(list.map((item) => [item.name, item]));
    indexes.set(list, index);
  }
  return index.get(name) as T | undefined;
}

/** The list with `item` in the place of that of its name, or at the end. */
export function withItem<T extends Named>(list: readonly T[], item: T): readonly T[] {
  // Not by an index, which would be made for a list that is left behind at once.
  const place = list.findIndex(({ name }) => name === item.name);
  return place < 0 ? [...list, item] : list.with(place, item);
}

/** The list without the item of a name. */
export function withoutItem<T extends Named>(list: readonly T[], name: string): readonly T[] {
  return list.filter((item) => item.name !== name);
}

/** Which of the known words was probably meant. */

/** The word of `words` that takes the fewest edits from `text`, if it takes few for its length. */
export function nearestWord(text: string, words: readonly string[]): string | undefined {
  const normal = text.toLowerCase().replaceAll("-", "_");
  let best: string | undefined;
  let fewest = Infinity;
  for (const word of words) {
    // Words that differ this much in length are not alike, and a long text costs nothing.
    if (Math.abs(word.length - normal.length) > 3) continue;
    const edits = editDistance(normal, word);
    if (edits < fewest && edits <= Math.max(1, Math.floor(word.length / 3))) {
      [best, fewest] = [word, edits];
    }
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

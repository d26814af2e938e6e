/** Text as one word of a shell (sh, bash, zsh, fish). */

/** In quotes, whatever is in it. */
export function quotedWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** In quotes only where it needs them: for people, who are to read it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quotedWord(text);
}

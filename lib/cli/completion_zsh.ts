/** The script that completes scst's command lines in zsh. */
import { type CompletionTable, type CompletionWord, valuedOptions } from "./completion_table.ts";
import { quotedWord } from "../doctor/shell_word.ts";
import type { Completion } from "./verb.ts";

/** To be sourced after compinit, or to be put in a directory of $fpath as `_scst`. */
export function zshScript(table: CompletionTable): string {
  const groups = table.rows.filter(({ words, actions }) => words.length > 0 && actions.length > 0)
    .map(({ words }) => words.join(" "));
  const verbs = table.rows.map(({ words, actions, options }) => {
    const key = quotedWord(words.join(" "));
    return `    ${key}) actions=(${described(actions)}) options=(${described(options)}) ;;`;
  });
  const places = table.rows.flatMap(({ words, arguments: all }) =>
    all.map((completion, at) =>
      `    ${quotedWord(`${words.join(" ")} ${at}`)}) ${offer(completion)} ;;`
    )
  );
  const values = [...table.values].map(([option, completion]) =>
    `    ${option}) ${offer(completion)}; return ;;`
  );
  return `#compdef scst
# zsh completion for scst: source <(scst completion zsh)
_scst_tree() {
  local dir= mode name
  local -a directories files
  [[ $PREFIX == */* ]] && dir=\${PREFIX%/*}/
  while read -r mode name; do
    case $mode in
      d*) directories+=("$dir$name") ;;
      l*) directories+=("$dir\${name%% -> *}") ;;
      -*) files+=("$dir$name") ;;
    esac
  done < <($program tree ls -l $socket -- "$dir" 2>/dev/null)
  compadd -q -S / -a directories
  compadd -a files
}
_scst() {
  local verb= option= word program=$words[1]
  local -a actions options socket
  local -i at=0
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $option ]]; then
      [[ $option == --socket ]] && socket=(--socket "$word")
      option=
      continue
    fi
    case $word in
      ${valuedOptions(table, "|")}) option=$word ;;
      -*) ;;
      *)
        case $verb in
          '') verb=$word ;;
          ${groups.map(quotedWord).join("|") || "''"}) verb+=" $word" ;;
          *) (( at++ )) ;;
        esac ;;
    esac
  done
  case $option in
${values.join("\n")}
  esac
  case $verb in
${verbs.join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
    return
  fi
  (( $#actions )) && _describe action actions
  case "$verb $at" in
${places.join("\n")}
  esac
}
if [[ $funcstack[1] == _scst ]]; then _scst "$@"; else compdef _scst scst; fi`;
}

function offer(completion: Completion | undefined): string {
  if (completion === undefined) return "true";
  if (completion === "file") return "_files";
  if (completion === "directory") return "_files -/";
  if (completion === "tree") return "_scst_tree";
  return `compadd -- ${completion.map(quotedWord).join(" ")}`;
}

/** `WORD:DESCRIPTION`, as _describe takes them. */
function described(words: readonly CompletionWord[]): string {
  return words.map(({ text, description }) =>
    quotedWord(`${text}:${description.replaceAll(":", "\\:")}`)
  ).join(" ");
}

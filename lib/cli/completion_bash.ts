/** The script that completes scst's command lines in bash (4 or later). */
import { type CompletionTable, valuedOptions } from "./completion_table.ts";
import { quotedWord } from "../doctor/shell_word.ts";
import type { Completion } from "./verb.ts";

/** To be sourced. bash splits words at colons, of which names of targets are full: see the end. */
export function bashScript(table: CompletionTable): string {
  const verbs = table.rows.map(({ words, actions, options }) => {
    const texts = [actions, options].map((offered) => offered.map(({ text }) => text).join(" "));
    const [first = "", second = ""] = texts.map(quotedWord);
    return `    ${quotedWord(words.join(" "))}) actions=${first} options=${second} ;;`;
  });
  const groups = table.rows.filter(({ words, actions }) => words.length > 0 && actions.length > 0)
    .map(({ words }) => words.join(" "));
  const places = table.rows.flatMap(({ words, arguments: all }) =>
    all.map((completion, at) =>
      `    ${quotedWord(`${words.join(" ")} ${at}`)}) ${offer(completion)} ;;`
    )
  );
  const values = [...table.values].map(([option, completion]) =>
    `      ${option}) ${offer(completion)} ;;`
  );
  return `# bash completion for scst: source <(scst completion bash)
_scst_tree() {
  local dir= mode name
  [[ $word == */* ]] && dir=\${word%/*}/
  while read -r mode name; do
    case $mode in
      d*) name+=/ ;;
      l*) name=\${name%% -> *}/ ;;
    esac
    [[ $dir$name == "$word"* ]] && COMPREPLY+=("$dir$name")
  done < <("$program" tree ls -l "\${socket[@]}" -- "$dir" 2>/dev/null)
  [[ "\${COMPREPLY[*]}" == */* ]] && compopt -o nospace 2>/dev/null
}
_scst_offer() {
  # One name a line: names of files may have blanks in them.
  [[ $1 == file || $1 == directory ]] && local IFS=$'\\n'
  case $1 in
    words) COMPREPLY=($(compgen -W "$2" -- "$word")) ;;
    file) COMPREPLY=($(compgen -f -- "$word")); compopt -o filenames 2>/dev/null ;;
    directory) COMPREPLY=($(compgen -d -- "$word")); compopt -o filenames 2>/dev/null ;;
    tree) _scst_tree ;;
  esac
}
_scst() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} word verb= option= actions= options= at=0 index
  local -a words socket=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=\${words[\${#words[@]} - 1]}
  local program=\${words[0]}
  COMPREPLY=()
  for ((index = 1; index < \${#words[@]} - 1; index++)); do
    if [[ $option ]]; then
      [[ $option == --socket ]] && socket=(--socket "\${words[index]}")
      option=
      continue
    fi
    case \${words[index]} in
      ${valuedOptions(table, "|")}) option=\${words[index]} ;;
      -*) ;;
      *)
        case $verb in
          '') verb=\${words[index]} ;;
          ${groups.map(quotedWord).join("|") || "''"}) verb+=" \${words[index]}" ;;
          *) ((at++)) ;;
        esac ;;
    esac
  done
  if [[ $option ]]; then
    case $option in
${values.join("\n")}
    esac
    return
  fi
  case $verb in
${verbs.join("\n")}
  esac
  if [[ $word == -* ]]; then
    _scst_offer words "$options"
  elif [[ $actions ]]; then
    _scst_offer words "$actions"
  else
    case "$verb $at" in
${places.join("\n")}
    esac
  fi
  # What stands before the last colon is another word for bash, and stays.
  if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=\${word%"\${word##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
complete -F _scst scst`;
}

function offer(completion: Completion | undefined): string {
  if (completion === undefined) return "return";
  if (typeof completion === "string") return `_scst_offer ${completion}`;
  return `_scst_offer words ${quotedWord(completion.join(" "))}`;
}

/** The script that completes scst's command lines in fish. */
import { type CompletionTable, valuedOptions } from "./completion_table.ts";
import { quotedWord } from "../doctor/shell_word.ts";
import type { Completion } from "./verb.ts";

/** To be sourced, or to be put in ~/.config/fish/completions as `scst.fish`. */
export function fishScript(table: CompletionTable): string {
  const lines = table.rows.flatMap(({ words, actions, options, arguments: all }) => {
    const under = quotedWord(`__scst_under ${words.join(" ")}`.trim());
    const at = (count: number) => quotedWord(`__scst_at ${count} ${words.join(" ")}`.trim());
    return [
      ...actions.map(({ text, description }) =>
        `complete -c scst -n ${at(0)} -a ${text} -d ${fishWord(description)}`
      ),
      ...options.map(({ text, description }) => {
        const value = table.values.has(text) ? valueFlags(table.values.get(text)) : "";
        const form = text.startsWith("--") ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`;
        const where = words.length === 0 ? at(0) : under;
        return `complete -c scst -n ${where} ${form}${value} -d ${fishWord(description)}`;
      }),
      ...all.flatMap((completion, index) =>
        completion === undefined
          ? []
          : [`complete -c scst -n ${at(index)}${argumentFlags(completion)}`]
      ),
    ];
  });
  return `# fish completion for scst: scst completion fish | source
function __scst_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${valuedOptions(table, " ")}
                set skip 1
            case '-*'
            case '*'
                echo $word
        end
    end
end
function __scst_under
    set -l found (__scst_words)
    test (count $found) -ge (count $argv); and test "$found[1..$(count $argv)]" = "$argv"
end
function __scst_at
    set -l words $argv[2..-1]
    set -l found (__scst_words)
    test (count $found) -eq (math (count $words) + $argv[1]); or return 1
    test (count $words) -eq 0; or test "$found[1..$(count $words)]" = "$words"
end
function __scst_tree
    set -l tokens (commandline -opc)
    set -l word (commandline -ct)
    set -l dir (string match -r '^.*/' -- $word)
    set -l socket
    if set -l index (contains -i -- --socket $tokens)
        set socket --socket $tokens[(math $index + 1)]
    end
    $tokens[1] tree ls -l $socket -- "$dir" 2>/dev/null | while read -l mode name
        switch $mode
            case 'd*'
                echo "$dir$name/"
            case 'l*'
                echo "$dir"(string replace -r ' -> .*' '' -- $name)/
            case '-*'
                echo "$dir$name"
        end
    end
end
complete -c scst -f
${lines.join("\n")}`;
}

function valueFlags(completion: Completion | undefined): string {
  return completion === undefined ? " -x" : ` -r${argumentFlags(completion)}`;
}

function argumentFlags(completion: Completion): string {
  if (completion === "file") return " -F";
  if (completion === "directory") return " -a '(__fish_complete_directories)'";
  if (completion === "tree") return " -a '(__scst_tree)'";
  return ` -a ${quotedWord(completion.join(" "))}`;
}

/** fish knows two escapes in single quotes. */
function fishWord(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

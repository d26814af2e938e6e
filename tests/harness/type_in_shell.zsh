# Types command lines in an interactive shell on a terminal and shows what its Tab makes of them.
# Usage: zsh -f type_in_shell.zsh SETUP SHELL... -- LINE...
zmodload zsh/zpty zsh/datetime
setup=$1
shift
shell=("${(@)argv[1,${argv[(i)--]}-1]}")
lines=("${(@)argv[${argv[(i)--]}+1,-1]}")
# What was read is not shown before it has all come: a terminal echoes what is typed as well.
await() {
  local part text= until=$(( EPOCHSECONDS + 20 ))
  while [[ $text != *$~1* ]]; do
    (( EPOCHSECONDS > until )) && { print -u2 "the shell does not say $1: ${(V)text}"; exit 1 }
    zpty -r -t shell part && text+=$part || sleep 0.02
  done
  REPLY=$text
}
zpty -b shell "${(@q)shell}"
zpty -n -w shell "$setup"$'\n'"echo re''ady"$'\n'
await ready
for line in $lines; do
  # Ctrl-A: what has become of the line is the argument of echo.
  zpty -n -w shell "$line"$'\t'
  sleep 0.1
  zpty -n -w shell $'\x01'"echo 'it is' "$'\x05'" end"$'\n'
  await $'\nit is *end'
  print -r -- "${${${REPLY##*$'\n'it is }%% end*}%%$'\r'*}"
done
zpty -d shell

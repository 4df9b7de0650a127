# Completion of moorage for bash, 3.2 and newer. In ~/.bashrc: eval "$(moorage completion bash)"
#
# What can stand at the cursor is asked of the program itself. The first line of its answer says how to complete, each
# further one is a value, a tab, and what it is.
_moorage() {
  # Bash breaks words at "=" and ":" too: what follows without a blank belongs to the word before.
  local line=${COMP_LINE:0:COMP_POINT} words=() starts=() count=0 at word
  for ((at = 0; at <= COMP_CWORD; at++)); do
    if [[ $count == 0 || $line == [[:blank:]]* ]]; then
      starts[count]=$at
      count=$((count + 1))
    fi
    line=${line#"${line%%[![:blank:]]*}"}
    word=${COMP_WORDS[at]}
    ((at == COMP_CWORD)) && word=$line
    words[count - 1]+=$word
    line=${line#"$word"}
  done
  local current=${words[count - 1]} program=${words[0]/#\~/$HOME} answer=() entry
  while IFS= read -r entry; do
    answer+=("$entry")
  done < <("$program" complete -- "${words[@]:1}" 2> /dev/null)

  COMPREPLY=()
  case ${answer[0]} in
    values)
      # What is replaced is what follows the last break.
      local broken=
      [[ $current == *[=:]* ]] && broken=${current%"${current##*[=:]}"}
      for entry in "${answer[@]:1}"; do
        printf -v entry %q "${entry%%$'\t'*}"
        [[ $entry == "$current"* ]] && COMPREPLY+=("${entry#"$broken"}")
      done
      ;;
    files) _moorage_compgen -f ;;
    folders) _moorage_compgen -d ;;
    command*)
      local skip=${answer[0]#command }
      if declare -F _command_offset > /dev/null; then
        _command_offset "${starts[skip]}"
      elif ((skip == count - 1)); then
        _moorage_compgen -c
      else
        _moorage_compgen -f
      fi
      ;;
  esac
}
_moorage_compgen() {
  compopt -o filenames 2> /dev/null
  while IFS= read -r entry; do
    COMPREPLY+=("$entry")
  done < <(compgen "$1" -- "$current")
}
complete -F _moorage moorage

#compdef moorage
# Completion of moorage for zsh. In ~/.zshrc, after compinit: eval "$(moorage completion zsh)"
#
# What can stand at the cursor is asked of the program itself. The first line of its answer says how to complete, each
# further one is a value, a tab, and what it is.
_moorage() {
  local -a answer entries
  local program=${(Q)words[1]/#\~/$HOME} entry value skip
  answer=("${(@f)$("$program" complete -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2> /dev/null)}")
  case $answer[1] in
    values)
      for entry in "${(@)answer[2,-1]}"; do
        value=${entry%%$'\t'*}
        entries+=("${value//:/\\:}:${entry#*$'\t'}")
      done
      _describe -t values value entries
      ;;
    files) _files ;;
    folders) _files -/ ;;
    command*)
      skip=${answer[1]#command }
      shift $skip words
      ((CURRENT -= skip))
      _normal
      ;;
  esac
}
if [[ $funcstack[1] == _moorage ]]; then
  _moorage "$@"
else
  compdef _moorage moorage
fi

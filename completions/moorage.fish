# Completion of moorage for fish. In ~/.config/fish/config.fish: moorage completion fish | source
#
# What can stand at the cursor is asked of the program itself. The first line of its answer says how to complete, each
# further one is a value, a tab, and what it is.
function __moorage_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] complete -- $words[2..] "$current" 2> /dev/null)
    switch "$answer[1]"
        case values
            printf '%s\n' $answer[2..]
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case 'command *'
            set -l skip (string replace 'command ' '' -- $answer[1])
            __fish_complete_subcommand --commandline $words[(math $skip + 1)..] "$current"
    end
end
complete -c moorage -f -a '(__moorage_complete)'

# fish completion for vnet: asks vnet itself, which needs no daemon for it.
function __vnet_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (command $words[1] complete (math (count $words) - 1) $words 2>/dev/null)
    if test "$answer[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $answer
    end
end
complete -c vnet -f -a '(__vnet_complete)'

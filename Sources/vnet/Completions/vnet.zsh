#compdef vnet
# zsh completion for vnet, to be kept as _vnet in a folder of $fpath: asks vnet itself, which needs no daemon for it.
local -a answer
answer=("${(@f)$("${words[1]}" complete $((CURRENT - 1)) "${words[@]}" 2>/dev/null)}")
if [[ ${answer[1]} == :files ]]; then
    _files
elif [[ -n ${answer[1]} ]]; then
    compadd -- "${answer[@]}"
fi

# bash completion for vnet: asks vnet itself, which needs no daemon for it.
_vnet() {
    local -a answer
    mapfile -t answer < <("${COMP_WORDS[0]}" complete "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null)
    if [[ ${answer[0]-} == :files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        return
    fi
    COMPREPLY=()
    local word
    for word in "${answer[@]}"; do COMPREPLY+=("$(printf %q "$word")"); done
}
complete -F _vnet vnet

# shellcheck shell=bash
#
# Counts the checks of a comparison. Source it after peer.sh.
#
#   checks_begin FILE       what is meant to differ stands in FILE
#   expect CHECK COMMAND…   a check
#   checks_end              takes the peers away, prints how many checks passed, and succeeds where none failed

passed=0 failed=0
declare -A reasons # why a check is meant to fail

# checks_begin FILE: one check a line, a tab, and the reason; lines about documents are for compare-documents.sh.
checks_begin() {
    local check reason
    while IFS=$'\t' read -r check reason; do
        [[ -z $check || $check == \#* || $check == document\ * ]] || reasons[$check]=$reason
    done <"$1"
}

pass() {
    echo "ok      $1"
    passed=$((passed + 1))
}

# miss CHECK [FILE]: the file tells more.
miss() {
    echo "FAILED  $1"
    if [[ -n ${2:-} ]]; then sed 's/^/        /' "$2"; fi
    failed=$((failed + 1))
}

# expect CHECK COMMAND…: the command succeeds, or fails if the check is in the list of differences. What follows a
# check that found something else makes no sense, so that is what the status says.
expect() {
    local check=$1 status=0 reason=${reasons[$1]:-}
    shift
    "$@" >"$peer_work/said" 2>&1 || status=$?
    unset 'reasons[$check]'
    if [[ $status == 0 && -z $reason ]]; then
        pass "$check"
    elif [[ $status == 0 ]]; then
        miss "$check: no longer differs"
    elif [[ -n $reason ]]; then
        pass "$check, meant to differ: $reason"
    else
        miss "$check" "$peer_work/said"
    fi
    return "$status"
}

# same EXPECTED ACTUAL: prints what differs.
same() { diff --label libvirt --label vnet -u "$1" "$2"; }

checks_end() {
    local check
    for check in "${!reasons[@]}"; do miss "$check: listed as a difference, but not checked"; done
    ((failed == 0)) || peer_logs
    peer_remove
    expect "nothing is left" peer_is_removed || true
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

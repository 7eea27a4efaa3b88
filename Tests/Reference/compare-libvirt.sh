#!/usr/bin/env bash
# Compares vnet's XML with that of a real libvirtd, byte for byte.
#
#   sudo VNET=.build/release/vnet Tests/Reference/compare-libvirt.sh
#
# Every template: libvirt takes what `vnet dumpxml --inactive` prints and its schema has nothing against it. Every
# document in Tests/LibvirtXMLTests/Golden: libvirt still makes of it what the recording beside it says. All of them:
# `vnet dumpxml` and `virsh net-dumpxml` print the same, for the definition and for the running network.
#
# Prints one line a check, and `N passed, N failed` at the end; exits 0 where none failed. Where vnet means to differ,
# the file `differences` says why. All happens in network namespaces of its own, which end with it. Where it cannot run
# it says that it was skipped; with CI=true that is a failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
golden=$here/../LibvirtXMLTests/Golden
# shellcheck source=Tests/Reference/peer.sh
source "$here/peer.sh"
# shellcheck source=Tests/Reference/checks.sh
source "$here/checks.sh"
peer_require diff
checks_begin "$here/differences"

# same_dumps NETWORK [--inactive]
same_dumps() {
    virsh net-dumpxml "$@" >"$peer_work/virsh.xml" && vnet dumpxml "$@" >"$peer_work/vnet.xml" &&
        same "$peer_work/virsh.xml" "$peer_work/vnet.xml"
}

# --- What is compared --------------------------------------------------------------------------------------------

# starts SUBJECT NETWORK: adds to `started` what runs the network now. Where libvirt cannot on this machine, nothing is to
# be compared.
starts() {
    local subject=$1 network=$2
    if virsh net-start "$network" >"$peer_work/said" 2>&1; then
        started+=(virsh)
        if expect "$subject: vnet net-start" vnet net-start "$network"; then started+=(vnet); fi
    else
        echo "-       $subject: libvirt cannot start it here: $(tr "\n" " " <"$peer_work/said")"
        if vnet net-start "$network" >/dev/null 2>&1; then started+=(vnet); fi
    fi
}

# compare SUBJECT NETWORK: of a network that both have, which both lose.
compare() {
    local subject=$1 network=$2 program started=()
    expect "$subject: dumpxml --inactive" same_dumps --inactive "$network" || true
    starts "$subject" "$network"
    if [[ ${started[*]} == "virsh vnet" ]]; then
        expect "$subject: dumpxml" same_dumps "$network" || true
        expect "$subject: dumpxml --inactive while it runs" same_dumps --inactive "$network" || true
    fi
    for program in "${started[@]}"; do
        expect "$subject: $program net-destroy" "$program" net-destroy "$network" || true
    done
    for program in virsh vnet; do
        expect "$subject: $program net-undefine" "$program" net-undefine "$network" || true
    done
}

compare_template() {
    local subject="template $1" document=$peer_work/template.xml
    expect "$subject: vnet define" vnet define --template "$1" || return 0
    vnet dumpxml --inactive "$1" >"$document"
    expect "$subject: virsh net-define --validate" virsh net-define --validate "$document" || return 0
    compare "$subject" "$1"
}

# A name may be anything, so these are known by their UUIDs, which a recording holds in canonical form.
compare_golden() {
    local subject="golden $1" document=$golden/$1.in.xml recording=$golden/$1.out.xml uuid
    uuid=$(sed -n '0,/<uuid>/s|^ *<uuid>\(.*\)</uuid>$|\1|p' "$recording")
    expect "$subject: virsh net-define" virsh net-define "$document" || return 0
    virsh net-dumpxml --inactive "$uuid" >"$peer_work/virsh.xml"
    expect "$subject: as recorded" same "$peer_work/virsh.xml" "$recording" || true
    expect "$subject: vnet define" vnet define "$document" || return 0
    compare "$subject" "$uuid"
}

peer_begin vnetcmp
peer_equip
peer_start_libvirtd
echo "# vnet $(vnet --version) and libvirt $(virsh -v)"

mapfile -t templates < <(vnet templates | awk 'NR > 2 { print $1 }')
documents=("$golden"/*.in.xml)
for template in "${templates[@]}"; do compare_template "$template"; done
for document in "${documents[@]}"; do compare_golden "$(basename "$document" .in.xml)"; done

expect "there are templates" test "${#templates[@]}" -gt 0 || true
checks_end

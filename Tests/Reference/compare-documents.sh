#!/usr/bin/env bash
# Compares what vnet and a real libvirtd make of some two thousand network documents.
#
#   sudo Tests/Reference/compare-documents.sh [SEED [COUNT]]
#
# documents.py writes them: every attribute with every odd value, elements that contradict each other, and COUNT random
# ones. libvirtd gets each by `virsh net-define`; what `virsh net-dumpxml --inactive` prints, or that it was refused, is
# kept beside it. Then ReferenceTests reads and writes the same documents: the text must be the same, and what libvirt
# refuses must be refused. Where vnet means to differ, the file `differences` says why.
#
# Needs no daemon of vnet's, only the package built for testing. VNET_SWIFT_TEST replaces `swift test`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# This comparison starts no vnet, which peer.sh would look for.
export VNET
VNET=$(type -P true)
# shellcheck source=Tests/Reference/peer.sh
source "$here/peer.sh"
peer_require python3 swift
peer_begin vnetdoc
peer_start_libvirtd
documents=$peer_work/documents
python3 "$here/documents.py" "$documents" "${1:-1}" "${2:-300}"

# ask DOCUMENT: leaves NAME.out.xml, or NAME.refused with the reason.
ask() {
    local base=${1%.in.xml} name
    name=$(sed -n '0,/<name>/s|.*<name>\([a-z0-9]*\)</name>.*|\1|p' "$1")
    if [[ -n $name && $base != */value-name-* && $base != */shape-name-* ]]; then
        # One process for all three.
        virsh "net-define $1; net-dumpxml --inactive $name; net-undefine $name" >"$base.out.xml" 2>"$base.refused" || true
        if grep -q 'Failed to define' "$base.refused"; then rm "$base.out.xml"; else rm "$base.refused"; fi
    elif virsh net-define "$1" 2>"$base.refused"; then
        rm "$base.refused"
        name=$(virsh net-list --all --uuid | head -n 1)
        virsh net-dumpxml --inactive "$name" >"$base.out.xml"
        virsh net-undefine "$name"
    fi
}

echo "# libvirt $(virsh -v)"
for document in "$documents"/*.in.xml; do ask "$document"; done
cd "$here/../.."
# Words of a command, on purpose.
# shellcheck disable=SC2086
VNET_REFERENCE=$documents ${VNET_SWIFT_TEST:-swift test} --filter ReferenceTests

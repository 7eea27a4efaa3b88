#!/usr/bin/env bash
# Measures vnet against libvirt at what unmodified clients of libvirt's wait for.
#
#   sudo VNET=.build/release/vnet Benchmarks/virsh.sh
#
# Both daemons run side by side, each in a network namespace of its own that ends with the script, and get the same
# commands of the same virsh in turns. Prints a Markdown table.
#
# NETWORKS (200) are defined; each command is given REPETITIONS (30) times.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Reference/peer.sh
source "$here/../Tests/Reference/peer.sh"
peer_require python3

peer_begin vnetvirshbench
peer_start_libvirtd
vnet define --template netwerk1 >/dev/null
vnet dumpxml --inactive netwerk1 >"$peer_work/netwerk1.xml"
virsh net-define "$peer_work/netwerk1.xml"

python3 "$here/virsh.py" --vnet "network+unix:///system?socket=$peer_work/root/run/vnet/libvirt-sock" \
    --libvirt "$libvirt_uri" --document "$peer_work/netwerk1.xml" --networks "${NETWORKS:-200}" \
    --repetitions "${REPETITIONS:-30}" &
wait $!

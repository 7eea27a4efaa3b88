#!/usr/bin/env bash
# Measures vnet against virsh at what people type most: list, info and dumpxml, with 1 network and with many; and how long
# vnet takes to read and write a network of 200 reservations.
#
#   sudo VNET=.build/release/vnet Benchmarks/queries.sh
#
# Both daemons run side by side, each in a network namespace of its own that ends with the script, and take turns with
# the same networks. Prints a Markdown table. Figures of a busy machine are worth little: its load is below the table.
#
# REPETITIONS (50) of each command; NETWORKS (200) are the many.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Reference/peer.sh
source "$here/../Tests/Reference/peer.sh"
peer_require python3

peer_begin vnetbench
peer_start_libvirtd
vnet define --template netwerk1 >/dev/null
vnet dumpxml --inactive netwerk1 >"$peer_work/netwerk1.xml"
virsh net-define "$peer_work/netwerk1.xml"

# Where the helper runs, vnet finds its namespace; virsh needs none. A signal ends `wait`, but not a command.
ip netns exec "$vnet_namespace" env VNET_ROOT="$peer_work/root" python3 "$here/queries.py" \
    --vnet "$VNET" --libvirt "$libvirt_uri" --document "$peer_work/netwerk1.xml" \
    --repetitions "${REPETITIONS:-50}" --networks "${NETWORKS:-200}" &
wait $!

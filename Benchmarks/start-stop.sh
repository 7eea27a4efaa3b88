#!/usr/bin/env bash
# Measures vnet against libvirt at what a user waits for: starting and stopping a network; and what both take of the
# machine's memory.
#
#   sudo VNET=.build/release/vnet Benchmarks/start-stop.sh
#
# Both daemons run side by side, each in a network namespace of its own that ends with the script, and take turns with
# the same network, the template netwerk1. Prints a Markdown table. Figures of a busy machine are worth little: what
# was running is below the table.
#
# REPETITIONS (30) of each start and stop; NETWORKS (50) run for the memory of many.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Reference/peer.sh
source "$here/../Tests/Reference/peer.sh"
peer_require python3

networks=${NETWORKS:-50}
peer_begin vnetbench
peer_allow_dnsmasqs "$networks"
peer_start_libvirtd
vnet define --template netwerk1 >/dev/null
vnet dumpxml --inactive netwerk1 >"$peer_work/netwerk1.xml"
virsh net-define "$peer_work/netwerk1.xml"

# Where the helper runs, vnet finds its namespace; virsh needs none. A signal ends `wait`, but not a command.
ip netns exec "$vnet_namespace" env VNET_ROOT="$peer_work/root" python3 "$here/start-stop.py" \
    --vnet "$VNET" --libvirt "$libvirt_uri" --namespaces "$vnet_namespace" "$libvirt_namespace" \
    --document "$peer_work/netwerk1.xml" --repetitions "${REPETITIONS:-30}" --networks "$networks" &
wait $!

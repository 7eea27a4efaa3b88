#!/usr/bin/env bash
# Measures what many networks cost: vnet beside libvirt with 1 and with 200, and vnet alone with 1,000, which libvirt does
# not reach.
#
#   sudo VNET=.build/release/vnet Benchmarks/scale.sh
#
# Both daemons run side by side, each in a network namespace of its own that ends with the script. Prints a Markdown
# table. Takes about ten minutes, nine of them libvirt's. Figures of a busy machine are worth little: its load is below the
# table.
#
# NETWORKS (200), MORE (1000) and PORTS (1000) are the many; REPETITIONS (10) of what is short.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Reference/peer.sh
source "$here/../Tests/Reference/peer.sh"
peer_require python3 nft

networks=${NETWORKS:-200}
peer_begin vnetscale
peer_allow_dnsmasqs "$networks"
peer_start_libvirtd
vnet define --template netwerk1 >/dev/null
vnet dumpxml --inactive netwerk1 >"$peer_work/netwerk1.xml"
virsh net-define "$peer_work/netwerk1.xml"

# Where the helper runs, vnet finds its namespace; virsh needs none. A signal ends `wait`, but not a command.
ip netns exec "$vnet_namespace" env VNET_ROOT="$peer_work/root" python3 "$here/scale.py" \
    --vnet "$VNET" --libvirt "$libvirt_uri" --libvirtd "$(cat "$peer_work/libvirt/libvirtd.pid")" \
    --namespaces "$vnet_namespace" "$libvirt_namespace" --document "$peer_work/netwerk1.xml" \
    --repetitions "${REPETITIONS:-10}" --networks "$networks" \
    --more "${MORE:-1000}" --ports "${PORTS:-1000}" &
wait $!

"""The stopwatch of queries.sh, which says how it is called and what must run before."""

import argparse
import os
import pathlib

from measuring import NETWORK, Peer, Table, define_more, in_turns, print_report

QUERIES = {
    "list --all": ("net-list", "--all"),
    "info": ("net-info", NETWORK),
    "dumpxml": ("net-dumpxml", NETWORK),
}


def measure_queries(peers, repetitions, networks, table):
    for label, query in QUERIES.items():
        times = {peer.name: [] for peer in peers}
        for peer in in_turns(peers, repetitions + 1):
            times[peer.name].append(peer.run(*query))
        for values in times.values():
            del values[0]  # what happens but once, such as reading a program from disk
        table.add_times(f"{label}, {networks} network{'s' if networks > 1 else ''}", times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vnet", metavar="PROGRAM", required=True)
    parser.add_argument("--libvirt", metavar="URI", required=True)
    parser.add_argument("--document", type=pathlib.Path, required=True, help="the XML of a network that both have")
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--networks", type=int, default=200)
    options = parser.parse_args()

    load_before = os.getloadavg()[0]
    peers = [Peer("vnet", [options.vnet]), Peer("libvirt", ["virsh", "-c", options.libvirt])]
    table = Table()
    measure_queries(peers, options.repetitions, 1, table)
    define_more(peers, options.networks, options.document)
    measure_queries(peers, options.repetitions, options.networks, table)
    print_report(
        table,
        options.vnet,
        load_before,
        f"Times are those of whole commands, from fork to exit, {options.repetitions} times each, in turns.",
    )


main()

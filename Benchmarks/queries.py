"""The stopwatch of queries.sh, which says how it is called and what must run before."""

import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import time

from measuring import NETWORK, Table, document_of, in_turns, machine, milliseconds, version

QUERIES = {
    "list --all": ("net-list", "--all"),
    "info": ("net-info", NETWORK),
    "dumpxml": ("net-dumpxml", NETWORK),
}


class Peer:
    def __init__(self, name, command):
        self.name = name
        self.command = command

    def run(self, *arguments):
        """Runs one command; returns its seconds from the fork to the exit."""
        begin = time.perf_counter()
        result = subprocess.run([*self.command, *arguments], capture_output=True, text=True)
        seconds = time.perf_counter() - begin
        if result.returncode != 0:
            sys.exit(f"{self.name} {' '.join(arguments)} failed: {result.stderr.strip()}")
        return seconds


def measure_queries(peers, repetitions, networks, table):
    for label, query in QUERIES.items():
        times = {peer.name: [] for peer in peers}
        for peer in in_turns(peers, repetitions + 1):
            times[peer.name].append(peer.run(*query))
        for values in times.values():
            del values[0]  # what happens but once, such as reading a program from disk
        table.add_times(f"{label}, {networks} network{'s' if networks > 1 else ''}", times)


def define_more(peers, networks, document):
    template = document.read_text()
    for number in range(2, networks + 1):
        file = document.with_name(f"bench{number}.xml")
        file.write_text(document_of(template, number))
        for peer in peers:
            peer.run("net-define", str(file))


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
    print(table)
    print(f"""
- {datetime.date.today()}, vnet {version(options.vnet, "--version")}, libvirt {version("virsh", "--version")}; \
{machine()}.
- Times are those of whole commands, from fork to exit, {options.repetitions} times each, in turns.
- Load average before: {load_before:.1f}, after: {os.getloadavg()[0]:.1f}.""")
    if load_before > 1:
        print("- **The machine was busy with other work**: look at the ratios, not at the figures.")


main()

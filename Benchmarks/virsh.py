"""The stopwatch of virsh.sh, which says how it is called and what must run before."""

import argparse
import pathlib
import subprocess
import tempfile
import time

from measuring import NETWORK, Table, document_of, in_turns, machine, version

CALLS = 1000  # over one connection


class Peer:
    def __init__(self, name, uri):
        self.name = name
        self.uri = uri

    def run(self, *arguments, script=None):
        """Runs virsh; returns its seconds from the fork to the exit."""
        begin = time.perf_counter()
        result = subprocess.run(
            ["virsh", "-q", "-c", self.uri, *arguments], input=script, capture_output=True, text=True)
        seconds = time.perf_counter() - begin
        if result.returncode != 0 or "error:" in result.stderr:
            raise SystemExit(f"{self.name}: virsh {' '.join(arguments)}: {result.stderr}")
        return seconds


def main():
    parser = argparse.ArgumentParser()
    for name in ("vnet", "libvirt", "document"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--networks", type=int, required=True)
    parser.add_argument("--repetitions", type=int, required=True)
    arguments = parser.parse_args()
    peers = [Peer("vnet", arguments.vnet), Peer("libvirt", arguments.libvirt)]
    template = pathlib.Path(arguments.document).read_text()
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for number in range(1, arguments.networks):
            file = pathlib.Path(folder, f"{number}.xml")
            file.write_text(document_of(template, number))
            lines.append(f"net-define {file}")
        for peer in peers:
            peer.run(script="\n".join(lines) + "\n")

    table = Table()

    def measure(what, *command, before=(), after=(), script=None):
        results = {peer.name: [] for peer in peers}
        for peer in in_turns(peers, arguments.repetitions):
            if before:
                peer.run(*before)
            results[peer.name].append(peer.run(*command, script=script))
            if after:
                peer.run(*after)
        table.add_times(what, results)
        return results

    measure(f"net-list --all with {arguments.networks} networks", "net-list", "--all")
    measure("net-dumpxml", "net-dumpxml", NETWORK)
    measure("net-start", "net-start", NETWORK, after=("net-destroy", NETWORK))
    measure("net-destroy", "net-destroy", NETWORK, before=("net-start", NETWORK))
    measure(f"{CALLS} net-info over one connection", script=f"net-info {NETWORK}\n" * CALLS)
    print(table)
    print(f"\n{version('virsh', '--version')} is virsh's version. {machine()}.")


if __name__ == "__main__":
    main()

"""The stopwatch of start-stop.sh, which says how it is called and what must run before."""

import argparse
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

from measuring import (
    BRIDGE,
    GATEWAY,
    NETWORK,
    Peer,
    Table,
    define_more,
    in_turns,
    megabytes,
    memory_of,
    milliseconds,
    print_report,
)

SETTLED = 2.0  # seconds until a daemon has put away what a start needed
CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCGIFINDEX = 0x8933  # linux/sockios.h


class Program(Peer):
    """One of the two programs, with its daemon in a namespace of its own."""

    def __init__(self, name, command, stop, namespace):
        super().__init__(name, command)
        self.stop_verb = stop
        self.namespace = namespace
        self.socket = socket_in(namespace)
        self.socket.settimeout(0.001)
        self.query = 0

    def start(self, network=NETWORK):
        return self.run("net-start", network)

    def stop(self, network=NETWORK):
        return self.run(self.stop_verb, network)

    def has_bridge(self):
        """Whether the kernel still knows the bridge; a socket stays in the namespace in which it was made."""
        try:
            fcntl.ioctl(self.socket, SIOCGIFINDEX, struct.pack("16s24x", BRIDGE.encode()))
            return True
        except OSError:
            return False

    def linger(self):
        """Waits until the bridge is gone; returns the seconds that took."""
        begin = time.perf_counter()
        while self.has_bridge():
            if time.perf_counter() - begin > 10:
                sys.exit(f"{self.name} stopped {NETWORK}, but its bridge is still there")
            time.sleep(0.001)
        return time.perf_counter() - begin

    def start_to_answer(self):
        """Starts the network; returns the seconds until its name server first answered."""
        self.query += 1
        begin = time.perf_counter()
        command = subprocess.Popen(
            [*self.command, "net-start", NETWORK], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while not self.is_answered():
            if time.perf_counter() - begin > 10:
                command.kill()
                sys.exit(f"{self.name}: no DNS answer from {NETWORK} within 10 s")
        seconds = time.perf_counter() - begin
        error = command.communicate()[1]
        if command.returncode != 0:
            sys.exit(f"{self.name} net-start {NETWORK} failed: {error.decode().strip()}")
        return seconds

    def is_answered(self):
        """Asks once, and waits a millisecond. An answer to an earlier query, which is of another start, is none."""
        header = struct.pack(">6H", self.query, 0x0100, 1, 0, 0, 0)
        try:
            self.socket.sendto(header + b"\6server\x08netwerk1\3lab\0" + struct.pack(">2H", 1, 1), (GATEWAY, 53))
            while answer := self.socket.recv(512):
                if answer[:2] == header[:2]:
                    return True
        except TimeoutError:
            pass
        except OSError:  # no such address yet
            time.sleep(0.001)
        return False


def socket_in(namespace):
    """A UDP socket of another network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        for place in (there, home):
            if libc.setns(place.fileno(), CLONE_NEWNET) != 0:
                sys.exit(f"enter namespace {namespace}: {os.strerror(ctypes.get_errno())}")
            if place is there:
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return made


# --- What is measured -------------------------------------------------------------------------------------------------


def measure_commands(peers, repetitions, table):
    starts, stops, lingers = ({peer.name: [] for peer in peers} for _ in range(3))
    for peer in in_turns(peers, repetitions + 1):
        starts[peer.name].append(peer.start())
        stops[peer.name].append(peer.stop())
        lingers[peer.name].append(peer.linger())
    for results in (starts, stops):
        for values in results.values():
            del values[0]  # what happens but once, such as reading a program from disk
    table.add_times("start", starts)
    table.add_times("stop", stops)
    for name, values in lingers.items():
        if max(values) > 0.002:
            table.notes.append(f"{name}'s bridge outlived the stop by up to {milliseconds(max(values))}.")


def measure_answers(peers, repetitions, table):
    answers = {peer.name: [] for peer in peers}
    for peer in in_turns(peers, repetitions):
        answers[peer.name].append(peer.start_to_answer())
        peer.stop()
        peer.linger()
    table.add_times("start to first DNS answer", answers)


def measure_memory(peers, networks, document, table):
    more = range(2, networks + 1)
    for peer in peers:
        peer.start()
    one = memories(peers)
    define_more(peers, networks, document)
    starts = {peer.name: [] for peer in peers}
    for number in more:
        for peer in peers:
            starts[peer.name].append(peer.start(f"bench{number}"))
    many = memories(peers)
    table.add_times(f"start while 1 to {networks - 1} run", starts)
    for count, (vnet, libvirt) in (("1 network", one), (f"{networks} networks", many)):
        table.add(f"memory, {count}", vnet[1], libvirt[1], megabytes)
        table.notes.append(f"With {count}: vnet {vnet[0]} processes, libvirt {libvirt[0]}.")
    per_network = [1000 * (last[1] - first[1]) / len(more) for first, last in zip(one, many)]
    table.add("memory, each further network", *per_network, lambda size: f"{size:.0f} kB")


def memories(peers):
    time.sleep(SETTLED)
    return [memory_of(peer.namespace) for peer in peers]


# --- The whole --------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vnet", metavar="PROGRAM", required=True)
    parser.add_argument("--libvirt", metavar="URI", required=True)
    parser.add_argument("--namespaces", nargs=2, metavar=("VNET", "LIBVIRT"), required=True)
    parser.add_argument("--document", type=pathlib.Path, required=True, help="the XML of a network that both have")
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--networks", type=int, default=50)
    options = parser.parse_args()

    load_before = os.getloadavg()[0]
    peers = [
        Program("vnet", [options.vnet], "net-stop", options.namespaces[0]),
        Program("libvirt", ["virsh", "-q", "-c", options.libvirt], "net-destroy", options.namespaces[1]),
    ]
    table = Table()
    measure_commands(peers, options.repetitions, table)
    measure_answers(peers, max(options.repetitions // 3, 1), table)
    measure_memory(peers, options.networks, options.document, table)
    print_report(
        table,
        options.vnet,
        load_before,
        "Times are those of the commands `vnet start` and `stop`, `virsh net-start` and `net-destroy`, from fork to exit, "
        f"{options.repetitions} times each, in turns.",
        "Memory is the sum of the PSS of all processes of each: vnet's daemon and responder; libvirtd and its dnsmasqs.",
    )


main()

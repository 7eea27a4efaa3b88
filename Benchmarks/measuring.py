"""What the benchmarks have in common: networks, turns, and tables of what came out."""

import datetime
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

NETWORK, BRIDGE, GATEWAY = "netwerk1", "virbr-nw1", "192.168.150.1"  # as in the template


def document_of(template, number):
    """The network again, with names and addresses of its own."""
    text = re.sub(r" *<(uuid>.*</uuid|mac address=.*/)>\n", "", template)
    for old, new in (
        (BRIDGE, f"virbr-b{number}"),
        (NETWORK, f"bench{number}"),
        (GATEWAY.removesuffix(".1"), f"10.{150 + number // 256}.{number % 256}"),
        ("52:54:00:15:00:10", f"52:54:00:{0x15 + number // 256:02x}:{number % 256:02x}:10"),
    ):
        text = text.replace(old, new)
    return text


def define_more(peers, networks, document, first=2):
    """Gives each peer the networks bench2, bench3 … up to a number."""
    template = document.read_text()
    for number in range(first, networks + 1):
        file = document.with_name(f"bench{number}.xml")
        file.write_text(document_of(template, number))
        for peer in peers:
            peer.run("net-define", str(file))


class Peer:
    """One of the two programs, as a command."""

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


def in_turns(peers, repetitions):
    """Who is next; who goes first changes with each repetition."""
    for repetition in range(repetitions):
        yield from peers if repetition % 2 == 0 else reversed(peers)


def memory_of(namespace):
    """The processes in a namespace, and their memory in MB: PSS, which counts a page that n processes map as 1/n."""
    pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True)
    sizes = [pss for pss in map(proportional_size, pids.stdout.split()) if pss]
    return len(sizes), sum(sizes) / 1e6


def proportional_size(pid):
    """In octets; 0 for this program, which runs in vnet's namespace, and for a process that has ended."""
    if int(pid) == os.getpid():
        return 0
    try:
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def percentile_95(values):
    """By nearest rank."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


class Table:
    """Rows of one figure each; the ratio says how many times as much libvirt takes."""

    def __init__(self):
        self.rows = []
        self.notes = []

    def add(self, what, vnet, libvirt, form):
        ratio = f"{libvirt / vnet:.1f}" if vnet > 0 else "–"
        self.rows.append((what, form(vnet), form(libvirt), ratio))

    def add_both(self, what, figures, form):
        """A figure of each; of vnet alone where there is one."""
        if len(figures) == 1:
            self.add_alone(what, figures[0], form)
        else:
            self.add(what, *figures, form)

    def add_alone(self, what, vnet, form):
        self.rows.append((what, form(vnet), "–", "–"))

    def add_times(self, what, results):
        for label, pick in (("median", statistics.median), ("95th percentile", percentile_95)):
            self.add(f"{what}, {label}", pick(results["vnet"]), pick(results["libvirt"]), milliseconds)

    def __str__(self):
        lines = ["| | vnet | libvirt | libvirt : vnet |", "|---|---:|---:|---:|"]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def megabytes(size):
    return f"{size:.1f} MB"


def machine():
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{os.cpu_count()} × {model[1] if model else platform.machine()}, Linux {platform.release()}"


def print_report(table, vnet, load_before, *notes):
    """The table, and below it what it was measured with."""
    print(table)
    print(f"""
- {datetime.date.today()}, vnet {version(vnet, "--version")}, libvirt {version("virsh", "--version")}; {machine()}.""")
    for note in (*notes, *table.notes):
        print(f"- {note}")
    print(f"- Load average before: {load_before:.1f}, after: {os.getloadavg()[0]:.1f}.")
    if load_before > 1:
        print("- **The machine was busy with other work**: look at the ratios, not at the figures.")


def version(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

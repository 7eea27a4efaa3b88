"""What the benchmarks have in common: networks, turns, and tables of what came out."""

import math
import os
import pathlib
import platform
import re
import statistics
import subprocess

NETWORK, BRIDGE, GATEWAY = "netwerk1", "virbr-nw1", "192.168.150.1"  # as in the template


def document_of(template, number):
    """The network again, with names and addresses of its own."""
    text = re.sub(r" *<(uuid>.*</uuid|mac address=.*/)>\n", "", template)
    for old, new in (
        (BRIDGE, f"virbr-b{number}"),
        (NETWORK, f"bench{number}"),
        (GATEWAY.removesuffix(".1"), f"10.150.{number}"),
        ("52:54:00:15:00:10", f"52:54:00:15:{number:02x}:10"),
    ):
        text = text.replace(old, new)
    return text


def in_turns(peers, repetitions):
    """Who is next; who goes first changes with each repetition."""
    for repetition in range(repetitions):
        yield from peers if repetition % 2 == 0 else reversed(peers)


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

    def add_times(self, what, results):
        for label, pick in (("median", statistics.median), ("95th percentile", percentile_95)):
            self.add(f"{what}, {label}", pick(results["vnet"]), pick(results["libvirt"]), milliseconds)

    def __str__(self):
        lines = ["| | vnet | libvirt | libvirt : vnet |", "|---|---:|---:|---:|"]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def machine():
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{os.cpu_count()} × {model[1] if model else platform.machine()}, Linux {platform.release()}"


def version(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

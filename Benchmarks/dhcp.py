#!/usr/bin/env python3
"""Measures vnet's DHCP server beside dnsmasq, as libvirt runs it and with a lease file of its own, and Kea.

  sudo VNET=.build/release/vnet Benchmarks/dhcp.py [SERVER...]

Each server in turn has core 0 to itself and serves 10.9.0.0/16 on the same bridge of vnet's; the load comes from core 1 and from
another namespace over a veth (Benchmarks/DHCPLoad). dnsmasq looks whether an address is in use by a ping of three seconds, and
only where libvirt runs it; vnet always does, by ARP; Kea never. Kea and dnsmasq write their leases without fsync, vnet has each on
disk before its ACK. Prints a Markdown table; figures of a busy machine are worth little, so the load stands below the table.

ROUNDS (3) of each measurement; HELD (60000) leases for the long ones, SLOW_LIMIT (40) seconds at most to get there.
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = int(os.environ.get("ROUNDS", "3"))
HELD = int(os.environ.get("HELD", "60000"))
SLOW_LIMIT = float(os.environ.get("SLOW_LIMIT", "40"))
VNET = os.path.abspath(os.environ.get("VNET", ".build/release/vnet"))
HERE = os.path.dirname(os.path.abspath(__file__))
HOST, CLIENT = (f"vnetdhcp{os.getpid()}{role}" for role in "hc")
work = tempfile.mkdtemp(prefix="vnet-dhcp-bench-")
POOL = "<dhcp><range start='10.9.0.10' end='10.9.254.250'/></dhcp>"


def sh(script):
    subprocess.run(["bash", "-ec", script], check=True)


def write(name, content):
    path = f"{work}/{name}"
    with open(path, "w") as file:
        file.write(content)
    return path


def vnet(*words):
    return subprocess.run(
        ["ip", "netns", "exec", HOST, "taskset", "-c", "0", VNET, *words], check=True, capture_output=True, text=True,
        env={**os.environ, "VNET_ROOT": f"{work}/root"}).stdout


def pids(*names):
    """Of the host's processes those whose command line holds one of the names."""
    found = subprocess.run(["ip", "netns", "pids", HOST], capture_output=True, text=True).stdout.split()
    result = []
    for pid in found:
        try:
            line = open(f"/proc/{pid}/cmdline", "rb").read().decode()
        except OSError:
            continue
        if any(name in line for name in names):
            result.append(int(pid))
    return result


def processor_seconds(processes):
    """Their own time, and that of their children that have ended."""
    total = 0
    for pid in processes:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def load(*words):
    output = subprocess.run(
        ["ip", "netns", "exec", CLIENT, "taskset", "-c", "1", f"{work}/dhcp-load", *map(str, words), "e0"],
        capture_output=True, text=True, check=True).stdout
    return json.loads(output)


class Server:
    """A server with nobody's leases, until it is ended."""

    def __init__(self, kind):
        self.kind = kind
        # None outlives the server before.
        shutil.rmtree(f"{work}/state", ignore_errors=True)
        os.makedirs(f"{work}/state", mode=0o777)
        os.chmod(f"{work}/state", 0o777)
        pool = POOL if kind == "vnet" else ""
        # All clients are at one port.
        write("n1.xml", f"""<network><name>n1</name><metadata><vnet:network xmlns:vnet='urn:vnet:1'>
<vnet:leasesPerPort>65536</vnet:leasesPerPort></vnet:network></metadata><forward mode='nat'/><bridge name='vb1' stp='off' delay='0'/>
<dns enable='no'/><ip address='10.9.0.1' prefix='16'>{pool}</ip></network>""")
        vnet("define", f"{work}/n1.xml")
        vnet("start", "n1")
        sh(f"""ip link add p0 netns {HOST} type veth peer name e0 netns {CLIENT}
            ip -n {HOST} link set p0 master vb1 up; ip -n {CLIENT} link set e0 up""")
        self.process = None
        if kind != "vnet":
            self.start()
        time.sleep(1)
        self.pids = pids("responder") if kind == "vnet" else pids(self.program)

    @property
    def program(self):
        return "kea-dhcp4" if self.kind == "Kea" else "dnsmasq"

    def start(self):
        words = ["ip", "netns", "exec", HOST, "taskset", "-c", "0"]
        if self.kind == "Kea":
            words += ["env", f"KEA_LOCKFILE_DIR={work}/state", f"KEA_PIDFILE_DIR={work}/state", "kea-dhcp4", "-c",
                      write("kea.json", json.dumps({"Dhcp4": {
                          "interfaces-config": {"interfaces": ["vb1"], "dhcp-socket-type": "raw"},
                          "multi-threading": {"enable-multi-threading": False},
                          "lease-database": {"type": "memfile", "persist": True, "name": f"{work}/state/leases.csv",
                                             "lfc-interval": 0},
                          "valid-lifetime": 3600, "authoritative": True,
                          "subnet4": [{"id": 1, "subnet": "10.9.0.0/16", "interface": "vb1",
                                       "pools": [{"pool": "10.9.0.10 - 10.9.254.250"}],
                                       "option-data": [{"name": "routers", "data": "10.9.0.1"}]}],
                          "loggers": [{"name": "kea-dhcp4", "severity": "ERROR",
                                       "output_options": [{"output": f"{work}/state/log"}]}]}}))]
        else:
            configuration = f"""port=0
bind-dynamic
interface=vb1
except-interface=lo
dhcp-range=10.9.0.10,10.9.254.250,255.255.0.0
dhcp-no-override
dhcp-authoritative
dhcp-lease-max=65000
user=root
pid-file={work}/state/pid
"""
            if self.kind == "dnsmasq":
                configuration += f"no-ping\ndhcp-leasefile={work}/state/leases\n"
                words += ["dnsmasq", "-k", f"--conf-file={write('dnsmasq.conf', configuration)}"]
            else:
                configuration += "leasefile-ro\ndhcp-script=/usr/lib/libvirt/libvirt_leaseshelper\n"
                script = f"mount --bind {work}/state /var/lib/libvirt; mkdir -p /var/lib/libvirt/dnsmasq; exec \"$@\""
                words += ["unshare", "-m", "--propagation", "private", "bash", "-ec", f"mount -t tmpfs none /run; {script}",
                          "x", "env", "VIR_BRIDGE_NAME=vb1", "dnsmasq", "-k",
                          f"--conf-file={write('dnsmasq.conf', configuration)}"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=open(f"{work}/errors", "a"))
        for _ in range(1000):
            if ":0043 " in subprocess.run(
                    ["ip", "netns", "exec", HOST, "cat", "/proc/net/udp"], capture_output=True, text=True).stdout:
                return
            time.sleep(0.01)
        raise SystemExit(f"{self.kind} does not start: {open(f'{work}/errors').read()}")

    def kill(self):
        for pid in pids("vnet") if self.kind == "vnet" else self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait()

    def end(self):
        if self.process:
            for pid in self.pids:
                os.kill(pid, signal.SIGTERM)
            self.process.wait()
        vnet("stop", "n1")
        vnet("undefine", "n1")
        sh(f"ip -n {HOST} link del p0")


def measured(kind, body, rounds=ROUNDS):
    """What `body` returns of a fresh server, so many times."""
    values = []
    for _ in range(rounds):
        server = Server(kind)
        try:
            values.append(body(server))
        finally:
            server.end()
    return values


def with_processor_time(server, *words):
    before = processor_seconds(server.pids)
    result = load(*words)
    # What libvirt's helper still does belongs to the leases.
    time.sleep(1 if server.kind.endswith("libvirt") else 0)
    result["cost"] = (processor_seconds(server.pids) - before) / max(1, result["bound"]) * 1e6
    return result


def highest_rate(kind, closed):
    """The highest rate at which fewer than one in a hundred exchanges is lost, in three seconds or until the pool is nearly empty."""
    low, high = 0.0, closed * 2
    for _ in range(6):
        rate = (low + high) / 2
        [result] = measured(kind, lambda server: load("-n", min(int(rate * 3), 64_000), "-r", f"{rate:.0f}"), 1)
        if result["lost"] < result["bound"] / 99:
            low = rate
        else:
            high = rate
    return low


def held(server):
    """The rate with many leases held over that with none, and how long a server that is killed then takes to serve."""
    step = 2_000
    first, rates, count, began = None, [], 0, time.monotonic()
    while count < HELD and time.monotonic() - began < SLOW_LIMIT:
        result = load("-f", count, "-n", step, "-w", 32, "-t", 5)
        rates.append(result["bound"] / result["seconds"])
        count += step
    restart = None
    if server.kind == "vnet":
        server.kill()
        begin = time.monotonic()
        vnet("list")
        while load("-f", 5, "-n", 1, "-w", 1, "-t", 0.02)["bound"] == 0:
            pass
        restart = time.monotonic() - begin
        server.pids = pids("responder")
    return {"leases": count, "ratio": statistics.median(rates[-3:]) / statistics.median(rates[:3]), "restart": restart}


def figures(kind):
    median = lambda values, key: statistics.median(value[key] for value in values)
    if kind == "dnsmasq of libvirt":
        # As it runs one ping after the other, more at a time would give up.
        clients, window = 12, 4
    else:
        clients, window = 6_000, 32
    closed = measured(kind, lambda server: with_processor_time(server, "-n", clients, "-w", window, "-t", 60 if "libvirt" in kind else 5))
    speed = statistics.median(value["bound"] / value["seconds"] for value in closed)
    alone = measured(kind, lambda server: load("-n", 1 if "libvirt" in kind else 50, "-w", 1, "-t", 5))
    storm = measured(kind, lambda server: load("-n", 200, "-w", 200, "-p"))
    result = {
        "closed": f"{speed:,.0f}",
        "rate": "none" if "libvirt" in kind else f"{highest_rate(kind, speed):,.0f}",
        "cost": f"{median(closed, 'cost'):,.0f} µs",
        "alone": f"{median(alone, 'median'):,.2f} ms",
        "storm": f"{median(storm, 'median'):,.1f} ms, {median(storm, 'last'):,.0f} ms",
        "held": "", "restart": ""}
    if "libvirt" not in kind:
        [long] = measured(kind, held, 1)
        result["held"] = f"{long['ratio']:.2f} ({long['leases']:,})"
        if long["restart"]:
            result["restart"] = f"{long['restart']:.2f} s"
    return result


def main():
    kinds = sys.argv[1:] or ["dnsmasq of libvirt", "dnsmasq", "Kea", "vnet"]
    os.chmod(work, 0o755)
    sh(f"cc -O2 -o {work}/dhcp-load {HERE}/DHCPLoad/main.c")
    sh(f"for name in {HOST} {CLIENT}; do ip netns add $name; ip -n $name link set lo up; done")
    try:
        columns = {}
        for kind in kinds:
            columns[kind] = figures(kind)
            print(f"{kind}: {columns[kind]}", file=sys.stderr, flush=True)
    finally:
        for name in (HOST, CLIENT):
            for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", name])
        shutil.rmtree(work, ignore_errors=True)
    rows = [
        ("closed", "exchanges per second, 32 at a time"), ("rate", "highest rate with fewer than 1 % lost, per second"),
        ("cost", "processor time per exchange"), ("held", "rate with so many leases held, over with none"),
        ("alone", "one client alone, DISCOVER to ACK"), ("storm", "200 at once, median to ACK, last one"),
        ("restart", "killed with as many, until it serves")]
    print("| | " + " | ".join(kinds) + " |")
    print("|---|" + "---:|" * len(kinds))
    for key, words in rows:
        print(f"| {words} | " + " | ".join(columns[kind][key] for kind in kinds) + " |")
    print(f"\nLoad: {open('/proc/loadavg').read().split()[0]}")


main()

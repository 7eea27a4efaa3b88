#!/usr/bin/env python3
"""Measures vnet's name server beside dnsmasq and unbound, and a program that sends each question back.

  sudo VNET=.build/release/vnet Benchmarks/dns.py [SERVER...]

Each server in turn has core 0 to itself and serves the same network of vnet's, with the same firewall before it; the client has
core 1 and asks it from another namespace over a veth (Benchmarks/DNSLoad, 64 questions at a time). The servers know 1,000 names
of n1.lab, and ask an upstream server in a third namespace about example.test. What counts is the server's processor time for each
answered query; queries per second are below it. `echo` is as little as any server can take. A second table has what 100,000 names
cost, how long answers take at half load, and how many queries are lost while a thousand guests a second get leases with
names, which vnet alone has in one program. In each round every server has its turn, so that what else the machine does falls on
all of them. Prints Markdown tables, each figure the median of the rounds; figures of a busy machine are worth little, so the load
stands below them.

ROUNDS (7) of each measurement, SECONDS (1) each.
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

HERE = os.path.dirname(os.path.abspath(__file__))
# As many as a document of 4 MiB holds, thirty an address.
MANY = 100_000
ROUNDS = int(os.environ.get("ROUNDS", "7"))
SECONDS = os.environ.get("SECONDS", "1")
KINDS = {"own": "own names", "missing": "missing names of the own domain", "cached": "names from memory",
         "forwarded": "names asked for elsewhere"}
VNET = os.path.abspath(os.environ.get("VNET", ".build/release/vnet"))
HOST, CLIENT, UPSTREAM = (f"vnetdns{os.getpid()}{role}" for role in "hcu")
work = tempfile.mkdtemp(prefix="vnet-dns-bench-")
started = []


def sh(script):
    subprocess.run(["bash", "-ec", script], check=True)


def start(namespace, core, words):
    log = open(f"{work}/log", "a")
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, "taskset", "-c", str(core), *words], stdout=log, stderr=log)
    started.append(process)
    return process


def write(name, content):
    path = f"{work}/{name}"
    with open(path, "w") as file:
        file.write(content)
    return path


def set_up():
    os.chmod(work, 0o755)
    sh(f"cc -O2 -o {work}/dhcp-load {HERE}/DHCPLoad/main.c; cc -O2 -o {work}/dns-load {HERE}/DNSLoad/main.c")
    sh(f"""
        for name in {HOST} {CLIENT} {UPSTREAM}; do ip netns add $name; ip -n $name link set lo up; done
        ip link add up0 netns {HOST} type veth peer name eth0 netns {UPSTREAM}
        ip -n {HOST} address add 203.0.113.1/24 dev up0; ip -n {HOST} link set up0 up
        ip -n {UPSTREAM} address add 203.0.113.2/24 dev eth0; ip -n {UPSTREAM} link set eth0 up
        mkdir -p /etc/netns/{HOST}; echo nameserver 203.0.113.2 > /etc/netns/{HOST}/resolv.conf
    """)
    start(UPSTREAM, 1, [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file",
        "--bind-interfaces", "--listen-address=203.0.113.2", "--address=/example.test/198.18.0.80", "--max-ttl=3600",
        "--local-ttl=3600"])
    write_names(large=False)


def write_names(large):
    """What the servers know, and what they are asked."""
    many = MANY if large else 1_000
    names = [f"host{number}" for number in range(many)]
    addresses = [f"10.9.{1 + number // 30 // 250}.{1 + number // 30 % 250}" for number in range(many)]
    foreign = [f"w{number}.example.test" for number in range(1000)]
    write("own", "".join(f"{name}.n1.lab A\n" for name in names))
    write("missing", "".join(f"nobody{number}.n1.lab A\n" for number in range(1000)))
    write("cached", "".join(f"{name} A\n" for name in foreign[:100]))
    # Names are asked for once each, so that none comes from memory.
    write("forwarded", "".join(f"x{number}.wild.example.test A\n" for number in range(200_000)))
    write("hosts", "".join(f"{address} {name}\n" for name, address in zip(names, addresses)))
    write("unbound.conf", f"""server:
 interface: 10.9.0.1
 access-control: 0.0.0.0/0 allow
 do-daemonize: no
 username: ""
 chroot: ""
 directory: "{work}"
 pidfile: ""
 use-syslog: no
 num-threads: 1
 module-config: "iterator"
 local-zone: "test." nodefault
 local-zone: "n1.lab." static
""" + "".join(f' local-data: "{name}.n1.lab. 0 IN A {address}"\n' for name, address in zip(names, addresses))
        + "remote-control:\n control-enable: no\nforward-zone:\n name: \".\"\n forward-addr: 203.0.113.2\n")
    groups = {}
    for name, address in zip(names, addresses):
        groups.setdefault(address, []).append(f"<hostname>{name}</hostname>")
    hosts = "".join(f"<host ip='{address}'>{''.join(group)}</host>" for address, group in groups.items())
    pool = "" if large else "<dhcp><range start='10.9.240.1' end='10.9.254.250'/></dhcp>"
    for name, service in (("vnet", f"<dns>{hosts}</dns>"), ("other", "<dns enable='no'/>")):
        if name == "other":
            pool = ""
        write(f"{name}.xml", f"""<network><name>n1</name><forward mode='nat'/><bridge name='vb1' stp='off' delay='0'/>
<domain name='n1.lab' localOnly='yes'/>{service}<ip address='10.9.0.1' prefix='16'>{pool}</ip></network>""")


def vnet(*words):
    environment = {**os.environ, "VNET_ROOT": f"{work}/root"}
    return subprocess.run(
        ["ip", "netns", "exec", HOST, "taskset", "-c", "0", VNET, *words], env=environment, check=True,
        capture_output=True, text=True).stdout


def connect():
    sh(f"""
        ip link add p0 netns {HOST} type veth peer name eth0 netns {CLIENT}
        ip -n {HOST} link set p0 master vb1 up
        ip -n {CLIENT} address add 10.9.0.50/16 dev eth0; ip -n {CLIENT} link set eth0 up
    """)
    time.sleep(1)


def begin(server):
    """Starts a server; returns its process id, and how to end it."""
    vnet("define", f"{work}/{'vnet' if server == 'vnet' else 'other'}.xml")
    vnet("start", "n1")
    connect()
    if server == "vnet":
        pids = subprocess.run(["ip", "netns", "pids", HOST], capture_output=True, text=True).stdout.split()
        responder = next(pid for pid in pids if b"responder" in open(f"/proc/{pid}/cmdline", "rb").read())
        return int(responder), lambda: (
            vnet("stop", "n1"), vnet("undefine", "n1"), sh(f"ip -n {HOST} link del p0"))
    if server == "echo":
        process = start(HOST, 0, [f"{work}/dns-load", "echo", "10.9.0.1"])
    elif server == "unbound":
        process = start(HOST, 0, ["unbound", "-d", "-c", f"{work}/unbound.conf"])
    else:
        process = start(HOST, 0, [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--server=203.0.113.2", "--no-hosts",
            f"--addn-hosts={work}/hosts", "--local=/n1.lab/", "--domain=n1.lab", "--expand-hosts", "--user=root",
            "--pid-file", "--bind-interfaces", "--listen-address=10.9.0.1", "--dns-forward-max=1000"])
    time.sleep(1)

    def end():
        process.terminate()
        process.wait()
        vnet("stop", "n1")
        vnet("undefine", "n1")
        sh(f"ip -n {HOST} link del p0")

    return process.pid, end


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(kind, *words):
    output = subprocess.run(
        ["ip", "netns", "exec", CLIENT, "taskset", "-c", "1", f"{work}/dns-load", "ask", "10.9.0.1", f"{work}/{kind}",
         "-l", SECONDS, *words], check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def measure(pid, kind):
    """The processor time in µs for a query, the queries a second, and the lost ones, of a server that has begun just now."""
    # The first fills caches; what is forwarded is asked for once only.
    if kind != "forwarded":
        ask(kind)
    before = processor_seconds(pid)
    result = ask(kind)
    used = processor_seconds(pid) - before
    return used * 1e6 / max(1, result["answered"]), result["rate"], result["lost"]


def measure_all(server):
    """One round of one server: the parts of each figure by its name."""
    pid, end = begin(server)
    figures = {kind: measure(pid, kind) for kind in (["own"] if server == "echo" else KINDS)}
    if server != "echo":
        figures["slowest"] = (slowest(figures["own"][1] / 2),)
    if server == "vnet":
        figures["changes"] = lost_during_changes()
    end()
    return figures


def measure_many(server):
    pid, end = begin(server)
    figures = {"many": measure(pid, "own")}
    end()
    return figures


def medians(rounds):
    """For each name of a figure the medians of its parts."""
    return {name: [statistics.median(parts) for parts in zip(*(figures[name] for figures in rounds))] for name in rounds[0]}


def slowest(rate):
    """The time in ms within which 99 of 100 answers come at a rate."""
    return ask("own", "-r", f"{rate:.0f}")["p99"]


def lost_during_changes():
    """How many queries are lost while a thousand guests a second get names, and how many get them."""
    with subprocess.Popen(
            ["ip", "netns", "exec", CLIENT, f"{work}/dhcp-load", "-N", "-n", "2500", "-r", "1000", "eth0"],
            stdout=subprocess.PIPE, text=True) as guests:
        lost = ask("own")["lost"]
        bound = re.search(r'"bound": (\d+)', guests.stdout.read())[1]
    return lost, int(bound)


def main():
    servers = sys.argv[1:] or ["dnsmasq", "unbound", "echo", "vnet"]
    missing = [tool for tool in ("dnsmasq", *servers) if tool not in ("vnet", "echo") and not shutil.which(tool)]
    if missing:
        sys.exit(f"error: missing: {', '.join(missing)}; install dnsmasq-base and unbound")
    results = {}
    load = open("/proc/loadavg").read().split()[:3]
    try:
        set_up()
        rounds = [{server: measure_all(server) for server in servers} for _ in range(ROUNDS)]
        for server in servers:
            results[server] = medians([figures[server] for figures in rounds])
        if "vnet" in servers:
            # A median would pass over what is lost in few rounds.
            results["vnet"]["changes"] = [sum(parts) for parts in zip(*(figures["vnet"]["changes"] for figures in rounds))]
        write_names(large=True)
        others = [server for server in servers if server != "echo"]
        rounds = [{server: measure_many(server) for server in others} for _ in range(ROUNDS)]
        for server in others:
            results[server] |= medians([figures[server] for figures in rounds])
    finally:
        if os.path.exists(f"{work}/root/run/vnet/daemon.pid"):
            os.kill(int(open(f"{work}/root/run/vnet/daemon.pid").read()), signal.SIGTERM)
            time.sleep(1)
        for process in started:
            process.kill()
        for name in (HOST, CLIENT, UPSTREAM):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        shutil.rmtree(f"/etc/netns/{HOST}", ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    print("| processor time a query, in µs; queries a second |", " | ".join(servers), "|")
    print("|---|" + "---|" * len(servers))
    for kind, words in KINDS.items():
        cells = []
        for server in servers:
            if kind not in results[server]:
                cells.append("")
                continue
            cost, rate, lost = results[server][kind]
            cells.append(f"{cost:.1f}; {rate:,.0f}" + (f"; {lost:.0f} lost" if lost else ""))
        print(f"| {words} |", " | ".join(cells), "|")
    print("\n| |", " | ".join(others), "|")
    print("|---|" + "---|" * len(others))
    ratios = [f"{results[server]['many'][0] / results[server]['own'][0]:.2f}" for server in others]
    print(f"| processor time with {MANY:,} names over with 1,000 |", " | ".join(ratios), "|")
    print("| 99 of 100 answers at half load within, in ms |",
          " | ".join(f"{results[server]['slowest'][0]:.2f}" for server in others), "|")
    lost = [f"{results[s]['changes'][0]:.0f} ({results[s]['changes'][1]:,.0f} names)" if s == "vnet" else "" for s in others]
    print("| queries lost while a thousand names a second change |", " | ".join(lost), "|")
    print(f"\nLoad before: {' '.join(load)}; {ROUNDS} rounds of {SECONDS} s.")


main()

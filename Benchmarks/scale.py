"""The stopwatch of scale.sh, which says how it is called and what must run before."""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import statistics
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

TRAFFIC = pathlib.Path(__file__).with_name("traffic.py")
OUTSIDE, PORT = "203.0.113.2", 7000
SETTLED = 2.0  # seconds until a daemon has put away what a start needed
SECONDS = 2  # of traffic at a time
ROUNDS = 3


class Program(Peer):
    """One of the two programs, with its daemon in a namespace of its own, a guest and a machine outside."""

    def __init__(self, name, command, namespace):
        super().__init__(name, command)
        self.namespace = namespace
        self.guest, self.outside = f"{namespace}-guest", f"{namespace}-out"

    def sh(self, script, namespace=None):
        """Runs a script in the namespace; returns what it prints."""
        place = namespace or self.namespace
        result = subprocess.run(["ip", "netns", "exec", place, "sh", "-ec", script], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{self.name}: {script}: {result.stderr.strip()}")
        return result.stdout

    @contextlib.contextmanager
    def traffic(self):
        """With a machine outside that answers, and a guest on the first network."""
        for namespace in (self.guest, self.outside):
            subprocess.run(["ip", "netns", "add", namespace], check=True)
        server = None
        try:
            self.sh(f"""
                ip link add up0 type veth peer name eth0 netns {self.outside}
                ip addr add 203.0.113.1/24 dev up0; ip link set up0 up; ip route add default via {OUTSIDE}
                ip link add guest0 type veth peer name eth0 netns {self.guest}""")
            # Else what was measured a moment ago would take the ports of what is measured now.
            self.sh("cd /proc/sys/net/netfilter; for i in close time_wait; do echo 1 >nf_conntrack_tcp_timeout_$i; done")
            self.sh(f"ip link set lo up; ip link set eth0 up; ip addr add {OUTSIDE}/24 dev eth0", self.outside)
            self.sh(f"ip link set lo up; ip link set eth0 up; ip addr add 192.168.150.99/24 dev eth0", self.guest)
            server = subprocess.Popen(
                ["ip", "netns", "exec", self.outside, "python3", TRAFFIC, "serve", OUTSIDE, str(PORT)],
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            server.stdout.readline()
            yield
        finally:
            if server:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait()
            for namespace in (self.guest, self.outside):
                subprocess.run(["ip", "netns", "del", namespace], check=False)

    def plug_guest(self):
        """Puts the guest on the first network, and waits until it reaches the outside."""
        self.sh(f"ip link set guest0 master {BRIDGE} up")
        self.sh(f"ip route replace default via {GATEWAY}", self.guest)
        for _ in range(200):
            reached = subprocess.run(
                ["ip", "netns", "exec", self.guest, "ping", "-c1", "-W1", "-q", OUTSIDE], capture_output=True
            )
            if reached.returncode == 0:
                return
        sys.exit(f"{self.name}: the guest does not reach {OUTSIDE}")

    def measure(self, what):
        """Connections or packets a second from the guest to the outside."""
        return float(self.sh(f"python3 {TRAFFIC} {what} {OUTSIDE} {PORT} {SECONDS}", self.guest))

    def kernel(self):
        """What the kernel holds of networks, without counters."""
        state = self.sh("nft -s list ruleset; ip -o link; ip -o addr; ip route; ip -6 route")
        return re.sub(r"(valid_lft|preferred_lft) \d+sec|expires \d+sec", "", state)


class VNet(Program):
    def start_all(self, _):
        return self.run("start", "--all")

    def stop_all(self, _):
        return self.run("stop", "--all")

    def start(self, network=NETWORK):
        return self.run("start", network)

    def stop(self, network=NETWORK):
        return self.run("stop", network)

    def end_daemon(self):
        for pid in self.sh(f"ip netns pids {self.namespace}").split():
            with contextlib.suppress(OSError):
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"daemon" in words:
                    os.kill(int(pid), signal.SIGTERM)
                    wait_for_end(pid)

    def restart(self):
        """The seconds until a daemon that was ended answers again."""
        self.end_daemon()
        return self.run("list")

    def apply_range(self, document):
        """The seconds of a change of the DHCP range while the network runs."""
        old, new = "192.168.150.200", "192.168.150.201"
        text = document.read_text()
        file = document.with_name("changed.xml")
        end = re.search(r"<range start='[^']*' end='([^']*)'", text)[1]
        self.range_end = new if getattr(self, "range_end", end) != new else old
        file.write_text(text.replace(f"end='{end}'", f"end='{self.range_end}'"))
        return self.run("apply", str(file))

    def plug_tap(self):
        return subprocess.run(
            [*self.command, "attach", NETWORK, "--name", "tap"], capture_output=True, text=True, check=True
        ).stdout.strip()

    def unplug_tap(self, _):
        self.run("detach", NETWORK, "tap")


class LibVirt(Program):
    def __init__(self, name, command, namespace, pid):
        super().__init__(name, command, namespace)
        self.pid = pid
        # The mounts hide the machine's own libvirt; they end with the last process that sees them.
        self.mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        self.daemon = [word.decode() for word in words]

    def start_all(self, names):
        return self.run("; ".join(f"net-start {name}" for name in names))

    def stop_all(self, names):
        return self.run("; ".join(f"net-destroy {name}" for name in names))

    def start(self, network=NETWORK):
        return self.run("net-start", network)

    def stop(self, network=NETWORK):
        return self.run("net-destroy", network)

    def restart(self):
        os.kill(self.pid, signal.SIGTERM)
        wait_for_end(self.pid)
        begin = time.perf_counter()
        daemon = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "nsenter", f"--mount=/proc/self/fd/{self.mounts}", *self.daemon],
            pass_fds=[self.mounts],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = daemon.pid
        while subprocess.run([*self.command, "net-list"], capture_output=True).returncode != 0:
            if daemon.poll() is not None or time.perf_counter() - begin > 600:
                sys.exit("libvirtd does not come back")
        return time.perf_counter() - begin

    def apply_range(self, _):
        """libvirt changes no range; a reservation comes nearest, for which dnsmasq reads its files again."""
        verb = "delete" if getattr(self, "has_host", False) else "add"
        self.has_host = verb == "add"
        host = "<host mac='52:54:00:00:00:77' ip='192.168.150.77'/>"
        return self.run("net-update", NETWORK, verb, "ip-dhcp-host", host, "--live")

    def plug_tap(self):
        """As a hypervisor does it."""
        self.sh(f"ip tuntap add tap0 mode tap; ip link set tap0 master {BRIDGE} up")
        return "tap0"

    def unplug_tap(self, tap):
        self.sh(f"ip link del {tap}")


def wait_for_end(pid):
    end = time.perf_counter() + 20
    while pathlib.Path(f"/proc/{pid}").exists() and time.perf_counter() < end:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(int(pid), os.WNOHANG)
        time.sleep(0.005)


# --- What is measured -------------------------------------------------------------------------------------------------


def medians(peers, repetitions, measure):
    results = {peer.name: [] for peer in peers}
    for peer in in_turns(peers, repetitions):
        results[peer.name].append(measure(peer))
    return [statistics.median(results[peer.name]) for peer in peers]


def start_and_stop(peers, repetitions, table, beside):
    """One network while others run."""
    stops = {peer.name: [] for peer in peers}

    def once(peer):
        seconds = peer.start()
        stops[peer.name].append(peer.stop())
        return seconds

    started = medians(peers, repetitions + 1, once)
    table.add_both(f"start one network, {beside}", started, milliseconds)
    table.add_both(f"stop it, {beside}", [statistics.median(stops[peer.name]) for peer in peers], milliseconds)


def traffic(peers, table, beside):
    for peer in peers:
        peer.plug_guest()
    for what, label in (("connections", "TCP connections a second"), ("packets", "UDP packets a second")):
        rates = medians(peers, ROUNDS, lambda peer: peer.measure(what))
        table.add_both(f"{label} through NAT, {beside}", rates, thousands)


def plug(peers, repetitions, table):
    def once(peer, *what):
        tap = peer.plug_tap()
        seconds = float(peer.sh(f"python3 {TRAFFIC} {what[0]} {tap} {' '.join(what[1:])}"))
        peer.unplug_tap(tap)
        return seconds

    frames = medians(peers, repetitions, lambda peer: once(peer, "first-answer", GATEWAY))
    leases = medians(peers, 3, lambda peer: once(peer, "lease"))
    table.add_both("tap opened to first forwarded frame, stp on", frames, milliseconds)
    table.add_both("guest plugged and asking at once, to its lease (udhcpc)", leases, milliseconds)


def change(peers, repetitions, table, document):
    """A change of what DHCP serves, beside a guest that pings a hundred times a second."""
    ping = subprocess.Popen(
        ["ip", "netns", "exec", peers[0].guest, "ping", "-i", "0.01", "-q", GATEWAY], stdout=subprocess.PIPE, text=True
    )
    seconds = medians(peers, repetitions, lambda peer: peer.apply_range(document))
    ping.send_signal(signal.SIGINT)
    lost = re.search(r"(\d+) packets transmitted, (\d+) received", ping.communicate()[0])
    table.add_both("DHCP changed while the network runs (vnet: its range, by apply)", seconds, milliseconds)
    table.notes.append(f"While vnet applied, a guest sent {lost[1]} pings and got {lost[2]} answers.")


def ports(vnet, repetitions, table, count):
    """Attaching one more tap beside few and beside many."""

    def attach(number):
        seconds = vnet.run("attach", NETWORK, "--name", f"port{number}")
        vnet.run("detach", NETWORK, f"port{number}")
        return seconds

    few = statistics.median(attach(0) for _ in range(repetitions))
    for number in range(1, count + 1):
        vnet.run("attach", NETWORK, "--name", f"port{number}")
    many = statistics.median(attach(0) for _ in range(repetitions))
    for number in range(1, count + 1):
        vnet.run("detach", NETWORK, f"port{number}")
    table.add_alone("attach a tap", few, milliseconds)
    table.add_alone(f"attach a tap beside {count:,} ports", many, milliseconds)


def thousands(rate):
    return f"{rate:,.0f}"


# --- The whole --------------------------------------------------------------------------------------------------------


def names(count):
    return [NETWORK] + [f"bench{number}" for number in range(2, count + 1)]


def side_by_side(peers, options, table):
    for peer in peers:
        peer.start()
    traffic(peers, table, "1 network")
    plug(peers, options.repetitions, table)
    change(peers, options.repetitions, table, options.document)
    for peer in peers:
        peer.stop()
    start_and_stop(peers, options.repetitions, table, "no other")

    count = options.networks
    define_more(peers, count, options.document)
    many = f"{count:,} networks"
    table.add_both(f"start {many} from cold", [peer.start_all(names(count)) for peer in peers], seconds_text)
    time.sleep(SETTLED)
    memory = [memory_of(peer.namespace) for peer in peers]
    table.add_both(f"processes, {many}", [processes for processes, _ in memory], thousands)
    table.add_both(f"memory (PSS), {many}", [size for _, size in memory], megabytes)
    traffic(peers, table, many)
    for peer in peers:
        peer.stop()
    start_and_stop(peers, options.repetitions, table, f"beside {count - 1:,}")
    for peer in peers:
        peer.start()
    before = peers[0].kernel()
    table.add_both(f"daemon's restart until it answers, {many}", [peer.restart() for peer in peers], seconds_text)
    became = "as they were" if peers[0].kernel() == before else "**changed**"
    table.notes.append(f"vnet's restart left the kernel's links, addresses, routes and rules {became}.")
    table.add_both(f"stop {many}", [peer.stop_all(names(count)) for peer in peers], seconds_text)


def alone(vnet, options, table):
    count = options.more
    define_more([vnet], count, options.document, first=options.networks + 1)
    many = f"{count:,} networks"
    table.add_alone(f"start {many} from cold", vnet.start_all(None), seconds_text)
    time.sleep(SETTLED)
    processes, size = memory_of(vnet.namespace)
    table.add_alone(f"memory (PSS), {many}, {processes} processes", size, megabytes)
    traffic([vnet], table, many)
    vnet.stop()
    start_and_stop([vnet], options.repetitions, table, f"beside {count - 1:,}")
    table.add_alone(f"daemon's restart until it answers, {many}", vnet.restart(), seconds_text)
    table.add_alone(f"stop {many}", vnet.stop_all(None), seconds_text)
    vnet.start()
    ports(vnet, options.repetitions, table, options.ports)


def seconds_text(seconds):
    return f"{seconds:.2f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vnet", metavar="PROGRAM", required=True)
    parser.add_argument("--libvirt", metavar="URI", required=True)
    parser.add_argument("--libvirtd", metavar="PID", type=int, required=True)
    parser.add_argument("--namespaces", nargs=2, metavar=("VNET", "LIBVIRT"), required=True)
    parser.add_argument("--document", type=pathlib.Path, required=True, help="the XML of a network that both have")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--more", type=int, default=1000)
    parser.add_argument("--ports", type=int, default=1000)
    options = parser.parse_args()

    load_before = os.getloadavg()[0]
    vnet = VNet("vnet", [options.vnet], options.namespaces[0])
    libvirt = LibVirt("libvirt", ["virsh", "-q", "-c", options.libvirt], options.namespaces[1], options.libvirtd)
    table = Table()
    with vnet.traffic(), libvirt.traffic():
        side_by_side([vnet, libvirt], options, table)
        if options.more:
            alone(vnet, options, table)
    print_report(
        table,
        options.vnet,
        load_before,
        "Times are medians of whole commands, from fork to exit; what takes seconds was done once.",
        "libvirt's many are started and stopped by one virsh. Traffic goes from a guest on the first network to a machine "
        f"outside, {SECONDS} s at a time, {ROUNDS} times, by a client in Python, whose own work is part of both figures.",
    )


main()

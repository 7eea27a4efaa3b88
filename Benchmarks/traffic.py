"""Sends or answers test traffic where it runs; scale.py starts it in a guest's and in the outside's namespace.

traffic.py serve ADDRESS PORT                 answers UDP datagrams and TCP connections, counts datagrams to port + 1
traffic.py connections ADDRESS PORT SECONDS   prints TCP connections a second: connect, an octet each way, close
traffic.py packets ADDRESS PORT SECONDS       prints UDP datagrams a second that arrived, as the server counted them
traffic.py first-answer TAP ADDRESS           prints the seconds from opening the tap to the first ARP answer of ADDRESS
traffic.py lease TAP                          prints the seconds from opening the tap until udhcpc, which is started at the
                                              same time in a namespace behind it, has a lease
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
CLONE_NEWNET = 0x40000000  # linux/sched.h
COUNT = b"count"
MAC = bytes.fromhex("525400a0a0a0")


def serve(address, port):
    listener = socket.create_server((address, port), backlog=512)
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
    sink.bind((address, port + 1))
    if os.fork() == 0:
        count = 0
        while True:
            data, sender = sink.recvfrom(64)
            if data == COUNT:
                sink.sendto(str(count).encode(), sender)
                count = 0
            else:
                count += 1
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        connection.sendall(connection.recv(1))
        connection.close()


def connections(address, port, seconds):
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(b"x")
            connection.recv(1)
            # Ended by a reset, so that no port waits for what may still come.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        count += 1
    return count / seconds


def packets(address, port, seconds):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.settimeout(2)
    sender.connect((address, port + 1))
    ask(sender)
    payload, end = bytes(18), time.perf_counter() + seconds  # the least that fills an Ethernet frame
    while time.perf_counter() < end:
        for _ in range(64):
            sender.send(payload)
    return ask(sender) / seconds


def ask(sender):
    """How many datagrams the server got since it was last asked."""
    time.sleep(0.3)  # until it has taken what waits
    sender.send(COUNT)
    return int(sender.recv(64))


def open_tap(tap):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", tap.encode(), IFF_TAP | IFF_NO_PI))
    return device


def until_answered(device, frame, answer, again, limit=30):
    """Sends a frame each so many seconds until `answer` makes something of one that comes; returns that."""
    end = time.perf_counter() + limit
    following = 0
    while time.perf_counter() < end:
        now = time.perf_counter()
        if now >= following:
            try:
                os.write(device, frame)
                following = now + again
            except OSError:  # not up yet
                time.sleep(0.001)
                continue
        if select.select([device], [], [], max(following - now, 0))[0]:
            found = answer(os.read(device, 2048))
            if found:
                return found
    sys.exit(f"no answer within {limit} s")


def first_answer(tap, address):
    """Asks each millisecond who has the address: a probe, so that nobody learns one of it."""
    begin = time.perf_counter()
    request = b"\xff" * 6 + MAC + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
    request += MAC + bytes(4) + bytes(6) + socket.inet_aton(address)
    until_answered(open_tap(tap), request, lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2", 0.001)
    return time.perf_counter() - begin


def open_tap_in(namespace, tap):
    """A tap in another network namespace, which this thread visits for the moment."""
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as visited:
        enter = ctypes.CDLL(None, use_errno=True).setns
        if enter(visited.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return open_tap(tap)
        finally:
            enter(home.fileno(), CLONE_NEWNET)


def lease(tap):
    guest = f"{tap}-guest"
    subprocess.run(["ip", "netns", "add", guest], check=True)
    try:
        card = open_tap_in(guest, "eth0")
        subprocess.run(["ip", "-n", guest, "link", "set", "eth0", "address", "52:54:00:a0:a0:a0", "up"], check=True)
        begin = time.perf_counter()
        device = open_tap(tap)
        client = subprocess.Popen(
            ["ip", "netns", "exec", guest, "busybox", "udhcpc", "-i", "eth0", "-fqn", "-T1", "-t30", "-s", "/bin/true"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = os.pidfd_open(client.pid)
        other = {card: device, device: card}
        while ended not in (ready := select.select([card, device, ended], [], [], 60)[0]):
            if not ready:
                sys.exit("no lease within a minute")
            for source in ready:
                try:
                    os.write(other[source], os.read(source, 2048))
                except OSError:  # not up yet: lost, as on a wire
                    pass
        if client.wait() != 0:
            sys.exit("udhcpc got no lease")
        return time.perf_counter() - begin
    finally:
        subprocess.run(["ip", "netns", "del", guest], check=True)


def main():
    verb, *arguments = sys.argv[1:]
    if verb == "serve":
        serve(arguments[0], int(arguments[1]))
    elif verb in ("first-answer", "lease"):
        print({"first-answer": first_answer, "lease": lease}[verb](*arguments))
    else:
        address, port, seconds = arguments
        print({"connections": connections, "packets": packets}[verb](address, int(port), float(seconds)))


main()

"""Sends or answers test traffic where it runs; scale.py starts it in a guest's and in the outside's namespace.

traffic.py serve ADDRESS PORT                 answers UDP datagrams and TCP connections, counts datagrams to port + 1
traffic.py connections ADDRESS PORT SECONDS   prints TCP connections a second: connect, an octet each way, close
traffic.py packets ADDRESS PORT SECONDS       prints UDP datagrams a second that arrived, as the server counted them
traffic.py first-answer TAP ADDRESS           prints the seconds from opening the tap to the first ARP answer of ADDRESS
traffic.py lease TAP                          prints the seconds from opening the tap to the DHCPACK, as a guest that asks
                                              at once, and again after each second, as udhcpc does
"""

import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
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


def lease(tap):
    begin = time.perf_counter()
    device = open_tap(tap)
    offer = until_answered(device, dhcp(1), lambda frame: dhcp_answer(frame, 2), 1)
    wish = b"\x32\4" + offer["address"] + b"\x36\4" + offer["server"]
    until_answered(device, dhcp(3, wish), lambda frame: dhcp_answer(frame, 5), 1)
    return time.perf_counter() - begin


def dhcp(kind, options=b""):
    """A broadcast DHCP message (RFC 2131, section 2) of a client without an address."""
    message = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x76_6E_65_74, 0, 0x8000) + bytes(16) + MAC + bytes(202)
    message += b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"
    message = message.ljust(300, b"\0")
    header = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(message), 0, 0, 64, 17, 0) + bytes(4) + b"\xff" * 4
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~total & 0xFFFF) + header[12:]
    return b"\xff" * 6 + MAC + b"\x08\0" + header + struct.pack(">HHHH", 68, 67, 8 + len(message), 0) + message


def dhcp_answer(frame, kind):
    """What an answer of this type to `dhcp` offers; nothing of any other frame."""
    if frame[12:14] != b"\x08\0" or frame[23] != 17 or frame[36:38] != b"\0\x44" or frame[46:50] != b"vnet":
        return None
    options, index = {}, 282
    while index + 1 < len(frame) and frame[index] != 255:
        length = frame[index + 1]
        options[frame[index]] = frame[index + 2 : index + 2 + length]
        index += 2 + length
    return {"address": frame[58:62], "server": options.get(54, b"")} if options.get(53) == bytes([kind]) else None


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

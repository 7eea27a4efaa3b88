"""Sends DNS messages as octets, and says in a line each what came back.

probe.py ADDRESS < LINES, each `NAME TRANSPORT HEX`; TRANSPORT is udp or tcp. The line that comes back is the name and then
`rcode N qr aa tc rd ra ad cd opcode N qd N an N ns N ar N opt VERSION size N do`, flags and OPT only where they are there,
`silent` where nothing comes within a second, or `closed` where the connection ends.
"""

import socket
import struct
import sys


def skip_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def describe(query, answer):
    number, flags, *counts = struct.unpack_from(">6H", answer)
    if number != struct.unpack_from(">H", query)[0]:
        return "foreign"
    words = [f"rcode {flags & 15}"]
    for bit, name in ((15, "qr"), (10, "aa"), (9, "tc"), (8, "rd"), (7, "ra"), (6, "z"), (5, "ad"), (4, "cd")):
        if flags >> bit & 1:
            words.append(name)
    words.append(f"opcode {flags >> 11 & 15}")
    words += [f"{name} {count}" for name, count in zip(("qd", "an", "ns", "ar"), counts)]
    at = 12
    for _ in range(counts[0]):
        at = skip_name(answer, at) + 4
    if counts[0] == 1 and answer[12:at] == query[12:at]:
        words.append("same-question")
    for index in range(sum(counts[1:])):
        at = skip_name(answer, at)
        kind, size, ttl, length = struct.unpack_from(">HHIH", answer, at)
        if kind == 41:
            words.append(f"opt {ttl >> 16 & 255} size {size}" + (" do" if ttl & 0x8000 else "") + f" extended {ttl >> 24}")
            words.append(f"options {length}")
        at += 10 + length
    if at != len(answer):
        words.append("trailing")
    return " ".join(words)


def ask(address, transport, query):
    if transport == "udp":
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.settimeout(1)
        link.sendto(query, (address, 53))
        return [link.recv(65535)]
    link = socket.create_connection((address, 53), 1)
    link.settimeout(1)
    link.sendall(query)
    stream, answers = b"", []
    expected, at = 0, 0
    while at + 2 <= len(query):
        at += 2 + struct.unpack_from(">H", query, at)[0]
        expected += 1
    while len(answers) < expected:
        part = link.recv(65535)
        if not part:
            break
        stream += part
        while len(stream) >= 2 and len(stream) >= 2 + struct.unpack_from(">H", stream)[0]:
            length = struct.unpack_from(">H", stream)[0]
            answers.append(stream[2 : 2 + length])
            stream = stream[2 + length :]
    return answers


address = sys.argv[1]
for line in sys.stdin:
    name, transport, octets = line.split()
    query = bytes.fromhex(octets)
    try:
        answers = ask(address, transport, query)
        first = query[2:] if transport == "tcp" else query
        text = describe(first, answers[0]) if answers else "closed"
        if len(answers) > 1:
            text += f" answers {len(answers)}"
    except TimeoutError:
        text = "silent"
    except OSError:
        text = "closed"
    print(name, text, flush=True)

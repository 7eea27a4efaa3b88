"""A name server for tests: name-server.py ADDRESS ZONE [BEHAVIOUR...]

ZONE has a line for each record: owner, type number, data in hexadecimal. TTLs are 300. Behaviours:
  plain      answers FORMERR to queries with an OPT record
  truncate   answers over UDP with TC and no records
  lowercase  does not keep the case of the question's name
  spoof      sends forged answers, wrong in id, port or sender, before the right one
  silent     does not answer
  fail       answers SERVFAIL
  cookie     answers over UDP only who sends the cookie that it gives (RFC 7873)
  ports      also tells the port that each query over UDP comes from
Each query is a line of output: transport, name, type, flags DO and CD.
"""

import random
import socket
import socketserver
import struct
import sys
import threading

address, zone_file, *behaviours = sys.argv[1:]
zone = {}
for line in open(zone_file):
    owner, number, data = line.split()
    zone.setdefault(owner.lower().rstrip("."), []).append((int(number), bytes.fromhex(data)))
origin = next(name for name, records in zone.items() if any(number == 6 for number, _ in records))
SOA, CNAME, RRSIG, NSEC, OPT = 6, 5, 46, 47, 41


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def read_question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    kind, group = struct.unpack_from(">HH", message, at + 1)
    return ".".join(labels), kind, group, at + 5


def records(name, kind, is_signed):
    """The records of one name and type, with their signatures where these are wanted."""
    found = [(number, data) for number, data in zone.get(name, []) if number == kind]
    if found and is_signed:
        found += [(n, d) for n, d in zone[name] if n == RRSIG and struct.unpack_from(">H", d)[0] == kind]
    return [(name, number, data) for number, data in found]


def respond(message, transport):
    name, kind, group, end = read_question(message)
    question = message[12:end]
    has_opt = message[end + 1 : end + 3] == struct.pack(">H", OPT)
    is_signed = has_opt and message[end + 7] & 0x80 != 0
    flags = ("do " if is_signed else "") + ("cd" if message[3] & 0x10 else "")
    print(transport, name.lower(), kind, flags, flush=True)
    if "silent" in behaviours:
        return None
    if "lowercase" in behaviours and transport == "udp":
        question = wire(name.lower()) + question[-4:]
    opt = struct.pack(">BHHIH", 0, OPT, 1232, 0x8000 if is_signed else 0, 0) if has_opt else b""
    sent = message[end + 15 :] if has_opt else b""
    if "cookie" in behaviours and len(sent) >= 8:
        given = sent[:8] + b"vnettest"
        option = struct.pack(">HH", 10, len(given)) + given
        # BADCOOKIE is 23: 7 in the header and 1 in the OPT record.
        is_wrong = transport == "udp" and sent != given
        opt = struct.pack(">BHHIH", 0, OPT, 1232, 0x01000000 if is_wrong else 0, len(option)) + option

    def finish(code, answers=(), authority=(), more=0):
        body = b""
        for owner, number, data in (*answers, *authority):
            body += wire(owner) + struct.pack(">HHIH", number, 1, 300, len(data)) + data
        header = message[:2] + struct.pack(">BB", 0x80 | more | message[2] & 1, 0x80 | message[3] & 0x10 | code)
        counts = struct.pack(">HHHH", 1, len(answers), len(authority), 1 if opt else 0)
        return header + counts + question + body + opt

    if "plain" in behaviours and has_opt:
        return message[:2] + bytes([0x81, 0x81]) + bytes(8)
    if "cookie" in behaviours and transport == "udp" and sent != sent[:8] + b"vnettest":
        return finish(7)
    if "fail" in behaviours:
        return finish(2)
    if "truncate" in behaviours and transport == "udp":
        return finish(0, more=2)
    name = name.lower()
    if not (name == origin or name.endswith("." + origin)) or group != 1:
        return finish(5)
    answers = records(name, kind, is_signed)
    alias = records(name, CNAME, is_signed)
    if not answers and alias:
        target, at = [], 0
        data = alias[0][2]
        while data[at]:
            target.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        answers = alias + records(".".join(target), kind, is_signed)
    if answers:
        return finish(0, answers)
    authority = records(origin, SOA, is_signed)
    if is_signed:
        below = [owner for owner in zone if owner <= name] or [origin]
        for owner in {origin, name if name in zone else max(below)}:
            authority += records(owner, NSEC, True)
    return finish(0 if name in zone else 3, (), authority)


def forge(message, link, client):
    """What somebody sends who sees neither ids nor ports: everything but the one thing that he cannot know."""
    right = respond_forged(message)
    for _ in range(200):
        wrong = bytearray(right)
        wrong[0:2] = random.randbytes(2)
        if wrong[0:2] != right[0:2]:
            link.sendto(bytes(wrong), client)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.sendto(right, client)
    for near in range(client[1] - 20, client[1] + 20):
        if near != client[1]:
            link.sendto(right, (client[0], near))


def respond_forged(message):
    name, kind, group, end = read_question(message)
    answer = message[12:end] + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 9999, 4) + bytes([6, 6, 6, 6])
    return message[:2] + bytes([0x81, 0x80]) + struct.pack(">HHHH", 1, 1, 0, 0) + answer


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            answer = respond(self.rfile.read(struct.unpack(">H", head)[0]), "tcp")
            if answer:
                self.wfile.write(struct.pack(">H", len(answer)) + answer)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


stream = Server((address, 53), Stream)
threading.Thread(target=stream.serve_forever, daemon=True).start()
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind((address, 53))
print("ready", flush=True)
while True:
    query, client = link.recvfrom(4096)
    try:
        if "ports" in behaviours:
            print("port", client[1], flush=True)
        if "spoof" in behaviours:
            forge(query, link, client)
        answer = respond(query, "udp")
        if answer:
            link.sendto(answer, client)
    except (IndexError, struct.error, UnicodeDecodeError):
        pass

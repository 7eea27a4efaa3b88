internal import Foundation
internal import TestSupport
internal import Testing

/// Guests that read files by TFTP.
@Suite(.requiresRoot)
struct TFTPTests {
    private static let gateway = "192.168.150.1"
    private static let gateway6 = "fd15:4c2a:7b90:150::1"

    /// A network that gives out the folder, and has guests start from `file` in it.
    private func document(_ folder: String, file: String = "boot.ipxe") -> String {
        network("lab", ipv6: Self.gateway6)
            .replacing("<dhcp>", with: "<tftp root='\(folder)'/><dhcp>")
            .replacing("</dhcp>", with: "<bootp file='\(file)'/></dhcp>")
    }

    @Test func `files arrive as they are`() async throws {
        try requireTools("busybox", "curl")
        try await withSite { site in
            let sizes = [0, 1, 511, 512, 513, 100_000]
            let folder = try await site.lab.bootFolder(
                """
                mkdir -p deep/down
                for size in \(sizes.map(String.init).joined(separator: " ")); do
                    head -c $size /dev/urandom > $size
                done
                cp 513 'deep/down/a name'
                printf 'one\\ntwo\\n' > text
                """)
            try await site.host.run(document(folder))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            try await guest.sh("ip -6 address add fd15:4c2a:7b90:150::201/64 dev eth0 nodad")

            // The clients of busybox and of curl; both families; with options and without.
            var readers: [(name: String, words: [String])] = []
            for size in sizes {
                readers.append(
                    ("\(size)", ["busybox", "tftp", "-g", "-r", "\(size)", "-l", "/dev/stdout", Self.gateway]))
            }
            readers += [
                (
                    "100000",
                    ["busybox", "tftp", "-b", "1428", "-g", "-r", "/100000", "-l", "/dev/stdout", Self.gateway]
                ),
                ("100000", ["curl", "-s", "--tftp-blksize", "65464", "tftp://\(Self.gateway)/100000"]),
                ("100000", ["curl", "-s", "--tftp-no-options", "tftp://\(Self.gateway)/100000"]),
                ("100000", ["curl", "-gs", "tftp://[\(Self.gateway6)]/100000"]),
                ("deep/down/a name", ["curl", "-s", "tftp://\(Self.gateway)//deep/./down/a%20name"]),
                ("text", ["curl", "-s", "tftp://\(Self.gateway)/text;mode=octet"]),
            ]
            for (name, words) in readers {
                let command = words.map { "'\($0)'" }.joined(separator: " ")
                let outcome = try await guest.run("sh", "-c", "\(command) | cmp - '\(folder)/\(name)'")
                #expect(outcome.isSuccess, "\(words): \(outcome)")
            }
            let text = try await guest.run("curl", "-s", "tftp://\(Self.gateway)/text;mode=netascii").output
            #expect(text.replacing("\r\n", with: "\n") == "one\ntwo\n")
        }
    }

    @Test func `nothing is read but files below the root, and nothing is written`() async throws {
        try requireTools("curl", "python3")
        try await withSite { site in
            let folder = try await site.lab.bootFolder(forbiddenThings)
            try await site.host.run(document(folder))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            let names: KeyValuePairs = [
                "file": "DATA hello", "/file": "DATA hello", "folder/../file": "ERROR 2", "../secret": "ERROR 2",
                "..\\\\secret": "ERROR 2", "/etc/passwd": "ERROR 1", "link": "ERROR 2", "absolute": "ERROR 2",
                "inside": "ERROR 2", "up/secret": "ERROR 2", "folder": "ERROR 2", "fifo": "ERROR 2", "null": "ERROR 2",
                "private": "ERROR 2", "missing": "ERROR 1", "file/x": "ERROR 1", "": "ERROR 1",
            ]
            let script = """
                import socket, struct, sys
                def ask(opcode, name):
                    guest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    guest.settimeout(20)
                    guest.sendto(struct.pack('!H', opcode) + name.encode() + b'\\0octet\\0', ('\(Self.gateway)', 69))
                    answer, server = guest.recvfrom(2000)
                    kind, number = struct.unpack('!HH', answer[:4])
                    guest.sendto(struct.pack('!HH', 4, 1), server)
                    return 'DATA ' + answer[4:].decode().strip() if kind == 3 else f'ERROR {number}'
                for name in [\(names.map { "'\($0.key)'" }.joined(separator: ", "))]:
                    print(ask(1, name))
                print(ask(2, 'new'))
                """
            let outcome = try await guest.run("python3", "-c", script)
            #expect(outcome.lines == names.map(\.value) + ["ERROR 2"], "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/new"))
        }
    }

    /// Blocks are numbered with 16 bits; a window of them goes out at once (RFC 7440), of which some are lost.
    @Test func `huge files arrive, and no guest takes all places`() async throws {
        try requireTools("python3")
        try await withSite { site in
            // 70,000 blocks, most of which are holes.
            let folder = try await site.lab.bootFolder(
                "truncate -s 35840000 huge; printf end | dd of=huge conv=notrunc oflag=append status=none")
            try await site.host.run(document(folder))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            let script = """
                import socket, struct
                def begin(options=b'windowsize\\x0064\\x00tsize\\x000\\x00'):
                    guest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                    guest.settimeout(20)
                    guest.sendto(b'\\0\\1huge\\0octet\\0' + options, ('\(Self.gateway)', 69))
                    return guest
                guest = begin()
                answer, server = guest.recvfrom(2000)
                print(answer[2:].replace(b'\\0', b' ').decode())
                guest.sendto(struct.pack('!HH', 4, 0), server)
                blocks, unasked, lost, size, tail = 0, 0, 0, 0, b''
                while True:
                    answer, server = guest.recvfrom(2000)
                    number = struct.unpack('!H', answer[2:4])[0]
                    if blocks % 5000 == 4321 and lost < blocks:
                        lost = blocks
                        continue
                    if number == (blocks + 1) % 65536:
                        blocks, size, tail, unasked = blocks + 1, size + len(answer) - 4, answer[4:], unasked + 1
                        if len(answer) < 516 or unasked == 64:
                            guest.sendto(struct.pack('!HH', 4, blocks % 65536), server)
                            unasked = 0
                        if len(answer) < 516:
                            break
                    elif unasked > 0:
                        guest.sendto(struct.pack('!HH', 4, blocks % 65536), server)
                        unasked = 0
                print(blocks, size, tail.decode())
                guests = [begin(b'') for _ in range(17)]
                answers = [guest.recv(2000)[:4] for guest in guests]
                print(answers.count(b'\\0\\3\\0\\1'), answers.count(b'\\0\\5\\0\\0'))
                """
            let outcome = try await guest.run("python3", "-c", script)
            #expect(
                outcome.lines.map { $0.trimmingCharacters(in: .whitespaces) } == [
                    "tsize 35840003 windowsize 64", "70001 35840003 end", "16 1",
                ], "\(outcome)")
        }
    }

    @Test func `guests are told what to start from`() async throws {
        try requireTools("udhcpc")
        try await withSite { site in
            let folder = try await site.lab.bootFolder("echo x > pxe.0")
            try await site.host.run(document(folder, file: "pxe.0"))
            let guest = try await site.guest("vm1", on: "br-lab")
            let lease = try #require(try await guest.udhcpc(requesting: ["tftp", "bootfile"]))
            #expect(lease["siaddr"] == Self.gateway)
            #expect(lease["boot_file"] == "pxe.0")
            #expect(lease["bootfile"] == "pxe.0")
            #expect(lease["tftp"] == Self.gateway)
        }
    }

    @Test func `a network whose folder is missing is not started`() async throws {
        try await withSite { site in
            try await site.host.must("define", "-", input: document("/no/such/folder"))
            let outcome = try await site.host.vnet("start", "lab")
            #expect(outcome.code == 1)
            #expect(
                outcome.errors.contains(
                    "open the folder '/no/such/folder' of <tftp>: No such file or directory: make it, or remove <tftp>"),
                "\(outcome)")
        }
    }
}

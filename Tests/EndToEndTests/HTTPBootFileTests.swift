internal import Foundation
internal import TestSupport
internal import Testing

/// Guests that read files by HTTP.
@Suite(.requiresRoot)
struct HTTPBootFileTests {
    private static let gateway = "192.168.150.1"
    private static let gateway6 = "fd15:4c2a:7b90:150::1"

    private func document(_ folder: String, _ element: String = "<vnet:httpBoot/>") -> String {
        network("lab", extra: extensions(element), ipv6: Self.gateway6)
            .replacing("<dhcp>", with: "<tftp root='\(folder)'/><dhcp>")
    }

    @Test func `files arrive as they are, whole and in part, by both families`() async throws {
        try requireTools("busybox", "curl")
        try await withSite { site in
            let folder = try await site.lab.bootFolder(
                """
                mkdir deep; : > empty; echo hello > 'deep/a name'; head -c 10000000 /dev/urandom > large
                truncate -s 5G huge; printf end | dd of=huge conv=notrunc oflag=append status=none
                """)
            try await site.host.run(document(folder))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            try await guest.sh("ip -6 address add fd15:4c2a:7b90:150::201/64 dev eth0 nodad")
            for (name, command) in [
                ("empty", "curl -fs http://\(Self.gateway)/empty"),
                ("large", "curl -fs http://\(Self.gateway)/large"),
                ("large", "curl -fgs 'http://[\(Self.gateway6)]/large'"),
                ("large", "curl -fs --http1.0 http://\(Self.gateway)/large"),
                ("large", "busybox wget -q -O - http://\(Self.gateway)/large"),
                ("deep/a name", "curl -fs http://\(Self.gateway)//deep/./a%20name?query"),
                // One connection, several files.
                ("large", "curl -fs http://\(Self.gateway)/empty http://\(Self.gateway)/large"),
                // The part of it that is missing.
                ("large", "sh -c 'head -c 5000 \(folder)/large; curl -fs -C 5000 http://\(Self.gateway)/large'"),
            ] {
                let outcome = try await guest.run("sh", "-c", "\(command) | cmp - '\(folder)/\(name)'")
                #expect(outcome.isSuccess, "\(command): \(outcome)")
            }
            let end = try await guest.run("curl", "-fs", "-r", "-3", "http://\(Self.gateway)/huge")
            #expect(end.text == "end", "\(end)")
            let head = try await guest.run("curl", "-fsI", "http://\(Self.gateway)/huge")
            #expect(head.output.contains("Content-Length: 5368709123\r"), "\(head)")
            // What the guest has already is not sent again.
            let again = try await guest.run(
                "sh", "-c",
                "curl -fs -R -o copy http://\(Self.gateway)/large"
                    + " && curl -fs -z copy -w '%{http_code}' http://\(Self.gateway)/large; rm -f copy")
            #expect(again.text == "304", "\(again)")
        }
    }

    @Test func `nothing is read but files below the root, and nothing is written`() async throws {
        try requireTools("curl")
        try await withSite { site in
            let folder = try await site.lab.bootFolder(forbiddenThings)
            try await site.host.run(document(folder))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            for (path, status) in [
                ("/file", "200"), ("/../secret", "403"), ("/folder/../file", "403"), ("/%2e%2e/secret", "403"),
                ("/..%5csecret", "403"), ("/%2fetc/passwd", "404"), ("/link", "403"), ("/absolute", "403"),
                ("/inside", "403"), ("/up/secret", "403"), ("/folder", "403"), ("/fifo", "403"), ("/null", "403"),
                ("/private", "403"), ("/missing", "404"), ("/file/x", "404"), ("/", "404"), ("/%00", "403"),
                ("/%zz", "400"),
            ] {
                let answer = try await guest.run(
                    "curl", "-s", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}",
                    "http://\(Self.gateway)\(path)")
                #expect(answer.text == status, "\(path)")
            }
            for (words, status) in [(["-T", "/etc/hostname"], "405"), (["-d", "x"], "405"), (["-X", "BREW"], "501")] {
                let answer = try await guest.run(
                    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + words
                        + ["http://\(Self.gateway)/new"])
                #expect(answer.text == status, "\(words)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/new"))
        }
    }

    /// Some say nothing, some never end what they say, some do not listen; and one is served.
    @Test func `no guest takes all places, and what is no request harms nobody`() async throws {
        try requireTools("python3", "curl")
        try await withSite { site in
            let folder = try await site.lab.bootFolder("echo hello > file; truncate -s 1G huge")
            try await site.host.run(document(folder, "<vnet:httpBoot port='8080'/>"))
            let hostile = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            let guest = try await site.guest("vm2", on: "br-lab", addresses: ["192.168.150.202/24": Self.gateway])
            let script = """
                import socket, sys, time
                def connect():
                    return socket.create_connection(('\(Self.gateway)', 8080), 20)
                def say(text):
                    guest = connect()
                    guest.sendall(text)
                    answer = b''
                    while part := guest.recv(65536):
                        answer += part
                    return answer.split(b'\\r\\n')[0].decode()
                print(say(b'GET /file HTTP/1.1\\r\\n' + b'A: ' + b'x' * 9000))
                print(say(b'GET /file HTTP/1.1\\r\\n\\r\\n'))
                print(say(b'\\x16\\x03\\x01\\x02\\x00\\n\\n'))
                print(say(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'))
                print(say(b'POST /file HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5\\r\\n\\r\\nhello'))
                both = connect()
                both.sendall(b'GET /file HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' * 3 + b'HEAD /file HTTP/1.0\\r\\n\\r\\n')
                answer = b''
                while part := both.recv(65536):
                    answer += part
                print(answer.count(b'200 OK'), answer.count(b'hello'))
                both.close()
                time.sleep(0.5)
                idle = [connect() for _ in range(8)]
                for guest in idle[:4]:
                    guest.sendall(b'GET /huge HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
                more = [connect() for _ in range(20)]
                closed = 0
                for guest in more:
                    guest.settimeout(0.5)
                    try:
                        closed += guest.recv(1) == b''
                    except TimeoutError:
                        pass
                    except ConnectionError:
                        closed += 1
                print('closed', closed)
                sys.stdout.flush()
                time.sleep(600)
                """
            let flood = try hostile.start("python3", "-c", script)
            try #require(try await eventually { flood.outputSoFar.contains("closed") }, "\(flood.errorsSoFar)")
            #expect(
                flood.outputSoFar.split(separator: "\n") == [
                    "HTTP/1.1 431 Request Header Fields Too Large", "HTTP/1.1 400 Bad Request",
                    "HTTP/1.1 400 Bad Request",
                    "HTTP/1.1 505 HTTP Version Not Supported", "HTTP/1.1 405 Method Not Allowed", "4 3", "closed 12",
                ])
            let answer = try await guest.run("curl", "-fs", "http://\(Self.gateway):8080/file")
            #expect(answer.text == "hello", "\(answer)")
            flood.signal(SIGTERM)
            _ = await flood.outcome()
        }
    }

    @Test func `the port is taken and given back while the network runs, and its holder is named`() async throws {
        try requireTools("curl", "python3")
        try await withSite { site in
            let folder = try await site.lab.bootFolder("echo hello > file")
            try await site.host.run(document(folder, ""))
            let guest = try await site.guest("vm1", on: "br-lab", addresses: ["192.168.150.201/24": Self.gateway])
            let ask = ["curl", "-fs", "-m", "5", "http://\(Self.gateway)/file"]
            #expect(try await guest.run(ask).code == 7)
            let file = try site.lab.file("lab.xml", document(folder))
            try await site.host.must("apply", file)
            #expect(try await guest.run(ask).text == "hello")
            try await site.host.must("apply", try site.lab.file("without.xml", document(folder, "")))
            #expect(try await guest.run(ask).code == 7)

            let holder = try site.host.namespace.start("python3", "-m", "http.server", "80")
            try #require(
                try await eventually { try await site.host.namespace.run("ss", "-lnt").output.contains(":80 ") })
            let refused = try await site.host.vnet("apply", file)
            #expect(refused.code == 1)
            #expect(
                refused.errors.contains("TCP port 80 is held by python3")
                    && refused.errors.contains("remove <vnet:httpBoot> from the network"), "\(refused)")
            holder.signal(SIGTERM)
            _ = await holder.outcome()
            let missing = try await site.host.vnet(
                "define", "-", input: network("other", extra: extensions("<vnet:httpBoot/>")))
            #expect(missing.errors.contains("add <tftp root='…'/>"), "\(missing)")
            for port in ["0", "65536", "http"] {
                let outcome = try await site.host.vnet(
                    "define", "-", input: document(folder, "<vnet:httpBoot port='\(port)'/>"))
                #expect(outcome.errors.contains("write 1 to 65535"), "\(outcome)")
            }
        }
    }
}

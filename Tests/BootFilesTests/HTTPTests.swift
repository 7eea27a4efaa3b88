import BootFiles
import Testing

/// What clients of HTTP ask, and how they are answered (RFC 9110 and 9112, by section).
struct HTTPTests {
    private static let now: Int64 = 784_111_777

    private func read(_ head: String) throws(HTTPStatus) -> HTTPRequest { try HTTPRequest(reading: Array(head.utf8)) }

    private func request(_ fields: String = "", _ line: String = "GET /a HTTP/1.1") throws(HTTPStatus) -> HTTPRequest {
        try read("\(line)\r\nHost: x\r\n\(fields)\r\n")
    }

    private func reply(_ request: HTTPRequest, size: UInt64 = 1_000, changed: Int64 = now - 10) -> HTTPReply {
        HTTPReply(to: request, size: size, changed: changed, now: Self.now)
    }

    private func lines(_ reply: HTTPReply) -> [String] {
        String(decoding: reply.head, as: UTF8.self).split(separator: "\r\n").map { String($0) }
    }

    @Test func `a head ends with its empty line`() {
        for (text, size) in [
            ("GET / HTTP/1.1\r\n\r\n", 18), ("GET / HTTP/1.1\n\nrest", 16), ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", 22),
            ("GET / HTTP/1.1\r\n", nil), ("\r\n\r\n", nil), ("", nil), ("GET / HTTP/1.1\r\nA: b\r\n\r", nil),
        ] as [(String, Int?)] {
            #expect(HTTPRequest.headSize(in: Array(text.utf8)) == size, "\(text)")
        }
    }

    @Test func `RFC 9112, 3.2: targets in both forms, with percent signs and queries`() throws {
        for (target, path) in [
            ("/", "/"), ("/a/b.efi", "/a/b.efi"), ("/a%20b%2Fc", "/a b/c"), ("/a?x=/b", "/a"), ("http://h/a", "/a"),
            ("HTTP://h:80", "/"), ("/%e2%82%ac", "/€"), ("//a", "//a"),
        ] {
            #expect(try request("", "GET \(target) HTTP/1.1").path == Array(path.utf8), "\(target)")
        }
        for target in ["a", "*", "/%", "/%2", "/%zz", "/%+1", "https://h/a", "ftp://h/a", ""] {
            #expect(throws: HTTPStatus.badRequest, "\(target)") { try request("", "GET \(target) HTTP/1.1") }
        }
    }

    @Test func `RFC 9110, 9.1: other methods are refused by name`() {
        for (method, status) in [
            ("POST", .methodNotAllowed), ("PUT", .methodNotAllowed), ("OPTIONS", .methodNotAllowed),
            ("CONNECT", .methodNotAllowed), ("get", .notImplemented), ("BREW", .notImplemented),
        ] as [(String, HTTPStatus)] {
            #expect(throws: status, "\(method)") { try request("", "\(method) /a HTTP/1.1") }
        }
        let refusal = HTTPReply(.methodNotAllowed, now: Self.now)
        #expect(lines(refusal).contains("Allow: GET, HEAD"))
    }

    @Test func `RFC 9112, 2.3 and 3.2: versions, and the one host`() throws {
        #expect(throws: HTTPStatus.versionNotSupported) { try request("", "GET /a HTTP/2.0") }
        for line in ["GET /a", "GET /a HTTP", "GET  /a HTTP/1.1", "GET /a HTTP/1.1 x", "GET /a http/1.1"] {
            #expect(throws: HTTPStatus.badRequest, "\(line)") { try request("", line) }
        }
        #expect(throws: HTTPStatus.badRequest) { try read("GET /a HTTP/1.1\r\n\r\n") }
        #expect(throws: HTTPStatus.badRequest) { try request("Host: y\r\n") }
        #expect(try read("GET /a HTTP/1.0\r\n\r\n").keepsConnection == false)
    }

    @Test func `RFC 9112, 2.2 and 5: lines that are none are refused`() {
        for fields in [
            "A : b\r\n", " A: b\r\n", ": b\r\n", "A: b\r\n c\r\n", "A\r\n", "A: b\rc\r\n", "A: \u{0}\r\n",
            "A: \u{7F}\r\n",
            "(A): b\r\n",
        ] {
            #expect(throws: HTTPStatus.badRequest, "\(fields)") { try request(fields) }
        }
        #expect(throws: HTTPStatus.badRequest) { try read("\r\n\r\n") }
    }

    @Test func `RFC 9112, 9.3: who wishes so is asked again by the same connection`() throws {
        for (line, fields, keeps) in [
            ("GET /a HTTP/1.1", "", true), ("GET /a HTTP/1.1", "Connection: close\r\n", false),
            ("GET /a HTTP/1.1", "Connection: TE , Close\r\n", false), ("GET /a HTTP/1.0", "", false),
            ("GET /a HTTP/1.0", "connection: Keep-Alive\r\n", true), ("GET /a HTTP/1.9", "", true),
            ("GET /a HTTP/1.1", "Content-Length: 3\r\n", false), ("GET /a HTTP/1.1", "Content-Length: 0\r\n", true),
            ("GET /a HTTP/1.1", "Transfer-Encoding: chunked\r\n", false),
        ] {
            let request = try request(fields, line)
            #expect(request.keepsConnection == keeps, "\(line) \(fields)")
            #expect(lines(reply(request)).contains("Connection: \(keeps ? "keep-alive" : "close")"))
        }
    }

    @Test func `RFC 9110, 14: parts of a file`() throws {
        for (range, size, content) in [
            ("bytes=0-", 1_000, 0..<1_000), ("bytes=0-0", 1_000, 0..<1), ("bytes=10-19", 1_000, 10..<20),
            ("bytes=990-2000", 1_000, 990..<1_000), ("bytes=-5", 1_000, 995..<1_000), ("bytes=-5000", 1_000, 0..<1_000),
            ("Bytes=999-999", 1_000, 999..<1_000), ("bytes=5-18446744073709551615", 10, 5..<10),
        ] as [(String, UInt64, Range<UInt64>)] {
            let reply = reply(try request("Range: \(range)\r\n"), size: size)
            #expect(reply.content == content, "\(range)")
            let lines = lines(reply)
            #expect(lines[0] == "HTTP/1.1 206 Partial Content")
            #expect(lines.contains("Content-Range: bytes \(content.lowerBound)-\(content.upperBound - 1)/\(size)"))
            #expect(lines.contains("Content-Length: \(content.count)"))
        }
        // Not understood, or more than one: all of the file, as section 14.2 has it.
        for range in [
            "bytes=0-1,5-6", "lines=1-2", "bytes=5-4", "bytes=", "bytes=-", "bytes=a-b", "bytes", "bytes=0-+1",
        ] {
            let reply = reply(try request("Range: \(range)\r\n"))
            #expect(reply.content == 0..<1_000, "\(range)")
            #expect(lines(reply)[0] == "HTTP/1.1 200 OK")
        }
        // Section 15.5.17: nothing of it is there.
        for (range, size) in [("bytes=1000-", 1_000), ("bytes=-0", 1_000), ("bytes=0-", 0)] as [(String, UInt64)] {
            let reply = reply(try request("Range: \(range)\r\n"), size: size)
            #expect(lines(reply)[0] == "HTTP/1.1 416 Range Not Satisfiable", "\(range)")
            #expect(lines(reply).contains("Content-Range: bytes */\(size)"))
            #expect(reply.content.isEmpty)
        }
        // Section 14.2: a range is for GET alone.
        let head = reply(try request("Range: bytes=0-1\r\n", "HEAD /a HTTP/1.1"))
        #expect(lines(head)[0] == "HTTP/1.1 200 OK" && head.content.isEmpty)
        #expect(lines(head).contains("Content-Length: 1000"))
    }

    @Test func `RFC 9110, 13: what the client has already`() throws {
        let date = "Sun, 06 Nov 1994 08:49:27 GMT"
        let same = reply(try request("If-Modified-Since: \(date)\r\n"))
        #expect(lines(same)[0] == "HTTP/1.1 304 Not Modified" && same.content.isEmpty)
        #expect(lines(reply(try request("If-Modified-Since: Sat, 05 Nov 1994 08:49:27 GMT\r\n")))[0].contains("200"))
        #expect(reply(try request("Range: bytes=0-1\r\nIf-Range: \(date)\r\n")).content == 0..<2)
        #expect(reply(try request("Range: bytes=0-1\r\nIf-Range: \"tag\"\r\n")).content == 0..<1_000)
        // Section 8.8.2.2: within the same second it may have changed again.
        let fresh = reply(try request("Range: bytes=0-1\r\nIf-Range: \(date)\r\n"), changed: Self.now)
        #expect(fresh.content == 0..<1_000)
    }

    @Test func `RFC 9110, 6.6.1 and 8.8.2: dates`() throws {
        #expect(lines(reply(try request())).contains("Date: Sun, 06 Nov 1994 08:49:37 GMT"))
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (.min, "Mon, 01 Jan 0001 00:00:00 GMT"),
        ] as [(Int64, String)] {
            let reply = HTTPReply(to: try request(), size: 1, changed: seconds, now: 1_798_761_600)
            #expect(lines(reply).contains("Last-Modified: \(text)"))
        }
        // Not later than now (section 8.8.2.1).
        #expect(lines(reply(try request(), changed: .max)).contains("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"))
    }

    @Test func `firmware hears what kind of file it is`() throws {
        for (path, type) in [
            ("/x/ipxe.EFI", "application/efi"), ("/a.iso", "application/vnd.efi-iso"), ("/a.ipxe", "text/plain"),
            ("/vmlinuz", "application/octet-stream"),
        ] {
            let reply = reply(try request("", "GET \(path) HTTP/1.1"))
            #expect(lines(reply).contains("Content-Type: \(type)"), "\(path)")
        }
    }
}

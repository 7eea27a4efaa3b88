internal import Glibc

/// Why there is no conversation with the daemon.
struct ConnectionError: Error, CustomStringConvertible {
    let errnoCode: CInt

    init(_ errnoCode: CInt = errno) { self.errnoCode = errnoCode }

    /// Whether a connection that stood was broken off.
    var isBreak: Bool { errnoCode == ECONNRESET || errnoCode == EPIPE }

    var description: String { "talk to the vnet daemon: \(unsafe String(cString: strerror(errnoCode)))" }
}

/// One request to the daemon and its answer, which is all that a connection is for (HTTP/1.1, RFC 9112).
///
/// By hand and blocking: SwiftNIO's threads and types, set up for one request, took a fifth of a command's time.
struct Exchange {
    var method: String
    /// Path and query, encoded.
    var target: String
    var body: [UInt8]

    /// - Throws: ``ConnectionError``, or ``CommandError`` for an answer that is none.
    func answer(from socket: String) throws -> (status: Int, content: [UInt8]) {
        let connection = try Self.connect(to: socket)
        defer { close(connection) }
        let head =
            "\(method) \(target) HTTP/1.1\r\nhost: vnet\r\nconnection: close\r\ncontent-length: \(body.count)\r\n\r\n"
        let refusal = Self.send(Array(head.utf8) + body, to: connection)
        // A daemon that has read enough says so, and may have closed its end before it has all.
        let answer = try Self.readToEnd(connection)
        if let refusal, answer.isEmpty { throw refusal }
        return try Self.parse(answer)
    }

    static func connect(to path: String) throws(ConnectionError) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { place in
            guard path.utf8.count < place.count else { return false }
            unsafe place.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw ConnectionError(ENAMETOOLONG) }
        let connection = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard connection >= 0 else { throw ConnectionError() }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(connection, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let error = ConnectionError()
            close(connection)
            throw error
        }
        return connection
    }

    private static func send(_ octets: [UInt8], to connection: CInt) -> ConnectionError? {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(connection, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return ConnectionError() }
            rest = rest.dropFirst(count)
        }
        return nil
    }

    private static func readToEnd(_ connection: CInt) throws(ConnectionError) -> [UInt8] {
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(connection, &part, part.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ConnectionError() }
            if count == 0 { return content }
            content += part.prefix(count)
        }
    }

    private static func parse(_ answer: [UInt8]) throws(CommandError) -> (status: Int, content: [UInt8]) {
        guard !answer.isEmpty else { throw CommandError("the daemon closed the connection without an answer") }
        let unreadable = CommandError("the daemon's answer is no HTTP/1.1 of a known length")
        let end = Array("\r\n\r\n".utf8)
        guard let length = answer.indices.first(where: { answer[$0...].starts(with: end) }) else { throw unreadable }
        let lines = String(decoding: answer[..<length], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ", maxSplits: 2)
        let stated = lines.lazy.compactMap { line -> Int? in
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2, field[0].lowercased() == "content-length" else { return nil }
            return Int(field[1].drop { $0 == " " })
        }.first
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]), let stated else { throw unreadable }
        let content = answer[(length + end.count)...]
        guard content.count == stated else { throw CommandError("the daemon's answer broke off") }
        return (status, Array(content))
    }
}

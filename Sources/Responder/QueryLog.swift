internal import CLinux
internal import DNS
internal import Glibc
internal import NetworkModel
internal import Wire

/// What guests of a network ask and what they are told: a line an answer, in a file that the daemon has opened.
///
///     2026-11-29T11:23:45.123Z 192.168.150.10 udp www.debian.org A NOERROR 9.9.9.9 23.4ms
///
/// Nothing that a guest does makes the file larger than ``sizeLimit``: there it begins anew.
final class QueryLog {
    private let descriptor: Int32
    private var lines: [UInt8] = []
    private var size: Int

    /// In octets.
    private static let sizeLimit = 64 << 20
    private static let bufferLimit = 64 << 10

    /// Takes the descriptor over, which is open for appending.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        size = unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit {
        flush()
        close(descriptor)
    }

    /// Whether there are lines that ``flush()`` is to write.
    var hasLines: Bool { !lines.isEmpty }

    func note(_ answer: [UInt8], to client: DNSClient, by answerer: DNSAnswerer, at now: Duration) {
        var reader = WireReader(answer.span)
        guard let header = try? DNSHeader(reading: &reader), let count = try? reader.u16(), (try? reader.skip(6)) != nil
        else { return }
        let question = count > 0 ? try? DNSQuestion(reading: &reader) : nil
        let transport: DNSTransport = if case .datagram = client.way { .udp } else { .tcp }
        let tenths = (now - client.askedAt) / .microseconds(100)
        let duration = "\(Int(tenths) / 10).\(Int(tenths) % 10)ms"
        let words = [
            Self.time(), client.address.description, "\(transport)", question?.name.description ?? "-",
            question?.type.description ?? "-", header.responseCode.description, answerer.word, duration,
        ]
        lines += words.joined(separator: " ").utf8
        lines.append(UInt8(ascii: "\n"))
        if lines.count > Self.bufferLimit { flush() }
    }

    /// Writes what was noted; what cannot be written is lost, since answers matter more.
    func flush() {
        guard hasLines else { return }
        if size > Self.sizeLimit, ftruncate(descriptor, 0) == 0 { size = 0 }
        size += max(0, unsafe write(descriptor, lines, lines.count))
        lines.removeAll(keepingCapacity: true)
    }

    /// ISO 8601, to the millisecond, in UTC.
    private static func time() -> String {
        var now = timespec()
        var parts = unsafe tm()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        unsafe gmtime_r(&now.tv_sec, &parts)
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
        let clock = "\(digits(hour, 2)):\(digits(minute, 2)):\(digits(second, 2))"
        return "\(date)T\(clock).\(digits(now.tv_nsec / 1_000_000, 3))Z"
    }
}

extension DNSAnswerer {
    fileprivate var word: String {
        switch self {
        case .network: "network"
        case .cache: "cache"
        case .stale: "stale"
        case .server(let server): server.port == 53 ? "\(server.address)" : "\(server.address)#\(server.port)"
        case .nobody: "nobody"
        }
    }
}

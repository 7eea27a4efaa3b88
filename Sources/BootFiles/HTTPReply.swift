/// How a request ended, as an HTTP server says it (RFC 9110, section 15).
public enum HTTPStatus: Int, Error, Hashable, Sendable {
    case ok = 200
    case partialContent = 206
    case notModified = 304
    case badRequest = 400
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case rangeNotSatisfiable = 416
    case headTooLarge = 431
    case notImplemented = 501
    case unavailable = 503
    case versionNotSupported = 505

    var reason: String {
        switch self {
        case .ok: "OK"
        case .partialContent: "Partial Content"
        case .notModified: "Not Modified"
        case .badRequest: "Bad Request"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .rangeNotSatisfiable: "Range Not Satisfiable"
        case .headTooLarge: "Request Header Fields Too Large"
        case .notImplemented: "Not Implemented"
        case .unavailable: "Service Unavailable"
        case .versionNotSupported: "HTTP Version Not Supported"
        }
    }
}

/// What answers a request: a head, and the octets of the file that follow it.
public struct HTTPReply: Hashable, Sendable {
    public let head: [UInt8]
    /// Of the file; empty where nothing of it is sent.
    public let content: Range<UInt64>
    /// Whether the connection goes on after it.
    public let keepsConnection: Bool

    /// Answers a request with a file of `size` octets that was last changed at `changed`; both moments in seconds since 1970.
    public init(to request: HTTPRequest, size: UInt64, changed: Int64, now: Int64) {
        // What is changed again within a second has the same date: not to be relied on before that is over (RFC 9110, section
        // 8.8.2.2).
        let date = HTTPDate(min(changed, now)).description
        var fields = [("Last-Modified", date), ("Accept-Ranges", "bytes")]
        var status = HTTPStatus.ok
        var content = 0..<size
        if let known = request.knownDate, known == date {
            (status, content) = (.notModified, 0..<0)
        } else if let range = request.range, request.method == .get,
            request.rangeCondition.map({ $0 == date && changed < now }) ?? true
        {
            if let octets = range.octets(of: size) {
                (status, content) = (.partialContent, octets)
                fields.append(("Content-Range", "bytes \(octets.lowerBound)-\(octets.upperBound - 1)/\(size)"))
            } else {
                (status, content) = (.rangeNotSatisfiable, 0..<0)
                fields.append(("Content-Range", "bytes */\(size)"))
            }
        }
        if status != .notModified { fields.append(("Content-Length", "\(content.count)")) }
        if !content.isEmpty { fields.append(("Content-Type", Self.type(of: request.path))) }
        self.content = request.method == .get ? content : 0..<0
        keepsConnection = request.keepsConnection
        head = Self.head(status, fields, keepsConnection: keepsConnection, now: now)
    }

    /// Answers with no file; the connection goes on where `request` was one, and wishes so.
    public init(_ status: HTTPStatus, to request: HTTPRequest? = nil, now: Int64) {
        let words = Array("\(status.rawValue) \(status.reason)\n".utf8)
        var fields = [("Content-Type", "text/plain"), ("Content-Length", "\(words.count)")]
        if status == .methodNotAllowed { fields.append(("Allow", "GET, HEAD")) }
        content = 0..<0
        keepsConnection = request?.keepsConnection ?? false
        head =
            Self.head(status, fields, keepsConnection: keepsConnection, now: now)
            + (request?.method == .head ? [] : words)
    }

    private static func head(
        _ status: HTTPStatus, _ fields: [(String, String)], keepsConnection: Bool, now: Int64
    ) -> [UInt8] {
        let general = [("Date", HTTPDate(now).description), ("Connection", keepsConnection ? "keep-alive" : "close")]
        let lines = (general + fields).map { "\($0): \($1)\r\n" }.joined()
        return Array("HTTP/1.1 \(status.rawValue) \(status.reason)\r\n\(lines)\r\n".utf8)
    }

    /// What firmware goes by (UEFI 2.10, section 24.7.3.4: an image, a disc or a disk), and what a person's browser shows.
    private static func type(of path: [UInt8]) -> String {
        let name = String(decoding: path, as: UTF8.self).lowercased()
        let types = [
            ".efi": "application/efi", ".iso": "application/vnd.efi-iso", ".img": "application/vnd.efi-img",
            ".ipxe": "text/plain", ".cfg": "text/plain", ".conf": "text/plain", ".txt": "text/plain",
            ".json": "application/json", ".html": "text/html",
        ]
        return types.first { name.hasSuffix($0.key) }?.value ?? "application/octet-stream"
    }
}

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
struct HTTPDate: CustomStringConvertible {
    private let seconds: Int64

    /// In seconds since 1970, of the years 1 to 9999: others are taken as the nearest of these.
    init(_ seconds: Int64) { self.seconds = min(max(seconds, -62_135_596_800), 253_402_300_799) }

    var description: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // Days since 1 March of the year 0, from where leap days come last.
        let days = (seconds + 62_162_035_200) / 86_400
        let time = (seconds + 62_135_596_800) % 86_400
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 2 : shifted - 10
        let year = era * 400 + yearOfEra + (month < 2 ? 1 : 0)
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
        }
        // 1 March of the year 0 was a Wednesday.
        return "\(weekdays[Int((days + 3) % 7)]), \(padded(day)) \(months[Int(month)]) \(padded(year, 4))"
            + " \(padded(time / 3_600)):\(padded(time / 60 % 60)):\(padded(time % 60)) GMT"
    }
}

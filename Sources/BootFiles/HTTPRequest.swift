/// What an HTTP client asks for: the head of its request (RFC 9112, sections 2 to 6).
///
/// Only what a server of files needs of it is kept.
public struct HTTPRequest: Hashable, Sendable {
    public enum Method: Hashable, Sendable { case get, head }

    public var method: Method
    /// The target's path without its query, and without percent signs.
    public var path: [UInt8]
    /// What is asked for of the file; nil for all of it.
    public var range: HTTPRange?
    /// The range holds only where the file is the one that has this date (RFC 9110, section 13.1.5).
    public var rangeCondition: String?
    /// Nothing is asked for where the file has still this date (RFC 9110, section 13.1.3).
    public var knownDate: String?
    /// Whether the client may ask again by the same connection.
    public var keepsConnection: Bool

    /// The longest head that is read, in octets.
    public static let limit = 8_192

    /// How many octets the first head takes, its empty line and empty lines before it among them; nil where its end has not
    /// come yet.
    public static func headSize(in bytes: [UInt8]) -> Int? {
        var isEmpty = true
        var hasBegun = false
        for (index, octet) in bytes.enumerated() {
            switch octet {
            case 0x0A:
                if isEmpty, hasBegun { return index + 1 }
                isEmpty = true
            case 0x0D: break
            default: (isEmpty, hasBegun) = (false, true)
            }
        }
        return nil
    }

    /// Reads a whole head.
    public init(reading head: [UInt8]) throws(HTTPStatus) {
        var lines = try Self.lines(of: head)
        guard !lines.isEmpty else { throw .badRequest }
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3 else { throw .badRequest }
        let isPersistent = try Self.isPersistent(version: words[2])
        switch words[0] {
        case "GET": method = .get
        case "HEAD": method = .head
        case "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH": throw .methodNotAllowed
        default: throw .notImplemented
        }
        let fields = try HTTPFields(lines)
        // RFC 9112, section 3.2: one host, and not more.
        let hosts = fields.all("host").count
        guard hosts == 1 || hosts == 0 && !isPersistent else { throw .badRequest }
        path = try Self.path(of: words[1])
        range = fields["range"].flatMap(HTTPRange.init)
        rangeCondition = fields["if-range"]
        knownDate = fields["if-modified-since"]
        let wishes = fields.words("connection")
        keepsConnection = isPersistent ? !wishes.contains("close") : wishes.contains("keep-alive")
        // What follows is no request but a body, which nobody here reads.
        if fields["transfer-encoding"] != nil || fields.all("content-length").contains(where: { $0 != "0" }) {
            keepsConnection = false
        }
    }

    /// The lines that are not empty; an octet that no line can have, and a CR that ends none, are refused (RFC 9112, section
    /// 2.2).
    private static func lines(of head: [UInt8]) throws(HTTPStatus) -> [Substring] {
        guard head.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 >= 0x80 })
        else {
            throw .badRequest
        }
        var lines: [Substring] = []
        for var line in head.split(separator: 0x0A) {
            if line.last == 0x0D { line.removeLast() }
            guard !line.contains(0x0D) else { throw .badRequest }
            if !line.isEmpty { lines.append(Substring(decoding: line, as: UTF8.self)) }
        }
        return lines
    }

    /// Whether connections go on after a request of the version (RFC 9112, section 9.3).
    private static func isPersistent(version: Substring) throws(HTTPStatus) -> Bool {
        guard version.hasPrefix("HTTP/"), version.utf8.count == 8 else { throw .badRequest }
        switch version.dropFirst(5) {
        case "1.0": return false
        // A later minor version is answered as the one that is known (RFC 9110, section 2.5).
        case let number where number.hasPrefix("1."): return true
        default: throw .versionNotSupported
        }
    }

    /// Of a target in origin form, `/path?query`, or in absolute form, `http://host/path?query` (RFC 9112, section 3.2).
    private static func path(of target: Substring) throws(HTTPStatus) -> [UInt8] {
        var rest = target
        if !rest.hasPrefix("/") {
            guard rest.lowercased().hasPrefix("http://") else { throw .badRequest }
            rest = rest.dropFirst(7)
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        var octets = Array(rest.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })[...]
        var path: [UInt8] = []
        while let octet = octets.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                path.append(octet)
                continue
            }
            let digits = String(decoding: octets.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                throw .badRequest
            }
            path.append(value)
            octets = octets.dropFirst(2)
        }
        return path
    }
}

/// The fields of a head, by their names in small letters.
private struct HTTPFields {
    private var values: [String: [String]] = [:]

    init(_ lines: [Substring]) throws(HTTPStatus) {
        for line in lines {
            // RFC 9112, sections 5.1 and 5.2: no blank before the colon, and no line that goes on.
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy(Self.isTokenOctet)
            else { throw .badRequest }
            let value = line[line.index(after: colon)...].trimmingBlanks
            values[line[..<colon].lowercased(), default: []].append(String(value))
        }
    }

    subscript(name: String) -> String? { values[name]?.first }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// The parts of a list, in small letters (RFC 9110, section 5.6.1).
    func words(_ name: String) -> [String] {
        all(name).flatMap { $0.lowercased().split(separator: ",").map { String($0.trimmingBlanks) } }
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: Array("!#$%&'*+-.^_`|~".utf8).contains(octet)
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

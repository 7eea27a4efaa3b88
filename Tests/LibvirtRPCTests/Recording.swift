internal import Foundation
internal import LibvirtRPC
internal import Testing

/// Messages that libvirt's own programs exchanged, each as it crossed the socket.
struct Recording: Sendable, CustomTestStringConvertible {
    /// `REMOTE_PROC_NETWORK_CREATE  (proc 39)`, and which of its messages.
    let title: String
    let bytes: [UInt8]
    let isFromServer: Bool

    var testDescription: String { title }

    /// The only message in the octets.
    func message() throws -> Message {
        var reader = MessageReader()
        reader.append(bytes)
        let message = try #require(try reader.next())
        #expect(try reader.next() == nil)
        return message
    }

    /// All of `Recordings/pairs.txt`: virsh, libvirt-python and virtqemud of Debian 12 with libvirtd and virtnetworkd.
    static let all: [Recording] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/pairs.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        var recordings: [Recording] = []
        var procedure = ""
        var head: Substring?
        var bytes: [UInt8] = []
        func end() {
            guard let head else { return }
            recordings.append(
                Recording(
                    title: "\(procedure) \(head.prefix { $0 != "{" })", bytes: bytes,
                    isFromServer: head.hasPrefix("S>C")))
        }
        for line in text.split(separator: "\n") {
            if line.contains("(proc ") {
                procedure = line.prefix { $0 != " " } + ""
            } else if line.hasPrefix("C>S") || line.hasPrefix("S>C") {
                end()
                head = line
                bytes = []
            } else if line.hasPrefix("  "), head != nil {
                // An offset, then four words in hexadecimal, then the same as text.
                let digits = line.dropFirst(8).prefix(36).filter(\.isHexDigit)
                var rest = digits[...]
                while let byte = UInt8(rest.prefix(2), radix: 16) {
                    bytes.append(byte)
                    rest = rest.dropFirst(2)
                }
            }
        }
        end()
        return recordings
    }()

    /// A call with the answer that libvirt's daemon gave to it.
    struct Exchange: Sendable, CustomTestStringConvertible {
        let call: Recording
        let answer: Recording

        var testDescription: String { call.title }
    }

    static let exchanges: [Exchange] = zip(all, all.dropFirst()).compactMap { call, answer in
        guard !call.isFromServer, answer.isFromServer else { return nil }
        return Exchange(call: call, answer: answer)
    }
}

/// The octets of hexadecimal digits, with spaces anywhere.
func octets(_ text: String) -> [UInt8] {
    let digits = text.filter(\.isHexDigit)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { start in
        let begin = digits.index(digits.startIndex, offsetBy: start)
        return UInt8(digits[begin...].prefix(2), radix: 16)
    }
}

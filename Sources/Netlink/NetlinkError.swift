internal import CNetlink
internal import Glibc

/// A request that the kernel, or libnl on the way to it, refused.
public struct NetlinkError: Error, Hashable, CustomStringConvertible {
    /// What callers decide on; everything else is text for a person.
    public enum Code: Hashable, Sendable {
        case exists, notFound, notPermitted, busy
        /// Any other errno.
        case system(Int32)
        /// libnl's own failure, as one of its `NLE_` numbers.
        case library(Int32)
    }

    public let code: Code
    /// What was being done to which object, in the imperative: `add bridge 'virbr0'`.
    public let operation: String
    private let reason: String

    /// The kernel's refusal; `explanation` are its own words where it gave some.
    init(errno number: CInt, explanation: String? = nil, while operation: String) {
        code =
            switch number {
            case EEXIST: .exists
            case ENODEV, ENOENT, ENXIO, EADDRNOTAVAIL, ESRCH: .notFound
            case EPERM, EACCES: .notPermitted
            case EBUSY: .busy
            default: .system(number)
            }
        self.operation = operation
        let words = unsafe String(cString: strerror(number))
        reason = explanation.map { "\(words) (\($0))" } ?? words
    }

    init(libnl number: CInt, while operation: String) {
        code = .library(abs(number))
        self.operation = operation
        reason = unsafe String(cString: nl_geterror(number))
    }

    public var description: String { "\(operation): \(reason)" }
}

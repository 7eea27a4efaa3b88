internal import Firewall
public import Netlink

/// A change that the host refused, with the operation, the object and the cause.
public struct EngineError: Error, Hashable, CustomStringConvertible {
    /// What callers decide on, where netlink said it.
    public let code: NetlinkError.Code?
    public let description: String

    public init(_ description: String) { self.init(nil, description) }

    private init(_ code: NetlinkError.Code?, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: any Error) {
        switch error {
        case let error as Self: self = error
        case let error as NetlinkError:
            let remedy =
                error.code == .notPermitted ? " (this needs root, or CAP_NET_ADMIN in this network namespace)" : ""
            self.init(error.code, "\(error)\(remedy)")
        default: self.init("\(error)")
        }
    }
}

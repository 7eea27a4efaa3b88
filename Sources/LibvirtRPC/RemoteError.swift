public import API
public import Wire

/// Why a call failed, as libvirt's programs tell each other (`virNetMessageError`).
public struct RemoteError: Error, XDRCodable, Hashable, CustomStringConvertible {
    /// libvirt's number of what went wrong (`virErrorNumber`), with the words that its messages begin with.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let internalError = Self(rawValue: 1)
        public static let noSupport = Self(rawValue: 3)
        public static let invalidArgument = Self(rawValue: 8)
        public static let operationFailed = Self(rawValue: 9)
        public static let xml = Self(rawValue: 27)
        public static let operationDenied = Self(rawValue: 29)
        public static let xmlDetail = Self(rawValue: 35)
        public static let rpc = Self(rawValue: 39)
        public static let noNetwork = Self(rawValue: 43)
        public static let invalidMAC = Self(rawValue: 44)
        public static let operationInvalid = Self(rawValue: 55)
        public static let unsupportedConfiguration = Self(rawValue: 67)
        public static let operationUnsupported = Self(rawValue: 84)
        public static let accessDenied = Self(rawValue: 88)
        public static let invalidSchema = Self(rawValue: 92)
        public static let portExists = Self(rawValue: 106)
        public static let noPort = Self(rawValue: 107)
        public static let noMetadata = Self(rawValue: 111)

        /// The format of a message, with `%s` for what went wrong in this case.
        var format: String {
            switch self {
            case .internalError: "internal error: %s"
            case .noSupport: "this function is not supported by the connection driver: %s"
            case .invalidArgument: "invalid argument: %s"
            case .operationFailed: "operation failed: %s"
            case .xml: "XML error: %s"
            case .operationDenied: "operation forbidden: %s"
            case .noNetwork: "Network not found: %s"
            case .invalidMAC: "invalid MAC address: %s"
            case .operationInvalid: "Requested operation is not valid: %s"
            case .unsupportedConfiguration: "unsupported configuration: %s"
            case .operationUnsupported: "Operation not supported: %s"
            case .accessDenied: "access denied: %s"
            case .invalidSchema: "XML document failed to validate against schema: %s"
            case .portExists: "network port %s exists already"
            case .noPort: "network port not found: %s"
            case .noMetadata: "metadata not found: %s"
            default: "%s"
            }
        }
    }

    /// The part of libvirt that an error is from (`virErrorDomain`).
    public enum Domain: Int32, Hashable, Sendable {
        case none = 0
        case xml = 5
        case rpc = 7
        case network = 19
        /// Also where an API's function itself refuses.
        case domain = 20
    }

    public var code: Int32
    public var domain: Int32
    public var message: String?
    /// 1 for a warning, 2 for an error.
    public var level: Int32 = 2
    public var guest: RemoteDomain?
    /// The message's format and what stands in it.
    public var strings: [String?]
    public var numbers: [Int32] = [-1, -1]
    public var network: RemoteNetwork?

    public init(_ code: Code, from domain: Domain = .network, _ detail: String) {
        self.code = code.rawValue
        self.domain = domain.rawValue
        let parts = code.format.split(separator: "%s", maxSplits: 1, omittingEmptySubsequences: false)
        message = parts.joined(separator: detail)
        strings = [code.format, detail, nil]
    }

    /// Flags that a function does not know.
    public init(unsupportedFlags flags: UInt32, in function: String) {
        self.init(.invalidArgument, "")
        message = "unsupported flags (0x\(String(flags, radix: 16))) in function \(function)"
        strings = [function, "flags", nil]
        numbers = [0, 0]
    }

    public var description: String { message ?? "error \(code)" }

    public init(reading reader: inout WireReader) throws(WireError) {
        code = try Int32(reading: &reader)
        domain = try Int32(reading: &reader)
        message = try String?(reading: &reader)
        level = try Int32(reading: &reader)
        guest = try RemoteDomain?(reading: &reader)
        strings = []
        for _ in 0..<3 { strings.append(try String?(reading: &reader)) }
        numbers = []
        for _ in 0..<2 { numbers.append(try Int32(reading: &reader)) }
        network = try RemoteNetwork?(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        code.write(to: &writer)
        domain.write(to: &writer)
        try message.write(to: &writer)
        level.write(to: &writer)
        try guest.write(to: &writer)
        for string in strings { try string.write(to: &writer) }
        for number in numbers { number.write(to: &writer) }
        try network.write(to: &writer)
    }
}

/// A guest, which errors of networks never name.
public struct RemoteDomain: XDRCodable, Hashable {
    public var network: RemoteNetwork
    public var id: Int32

    public init(reading reader: inout WireReader) throws(WireError) {
        network = try RemoteNetwork(reading: &reader)
        id = try Int32(reading: &reader)
    }

    public func write(to writer: inout WireWriter) throws(XDRLimitError) {
        try network.write(to: &writer)
        id.write(to: &writer)
    }
}

extension RemoteError {
    /// What the daemon refuses, in libvirt's numbers; the sentence stays vnet's.
    public init(_ error: APIError) {
        switch error.cause {
        case .noNetwork: self.init(.noNetwork, error.message)
        case .noPort: self.init(.noPort, error.message)
        case .portExists: self.init(.portExists, error.message)
        case .noMetadata: self.init(.noMetadata, error.message)
        case .notWellFormed: self.init(.xmlDetail, error.message)
        case .notApplicable: self.init(.operationInvalid, error.message)
        case .notValid: self.init(.invalidSchema, from: .xml, error.message)
        case .notSupported: self.init(.operationUnsupported, error.message)
        case .notYet: self.init(.unsupportedConfiguration, error.message)
        case .isBusy, nil:
            switch error.code {
            case .invalid where error.problems != nil: self.init(.xml, error.message)
            case .invalid: self.init(.invalidArgument, error.message)
            case .notFound: self.init(.noNetwork, error.message)
            case .conflict: self.init(.operationFailed, error.message)
            case .wrongState: self.init(.operationInvalid, error.message)
            case .notPermitted: self.init(.accessDenied, error.message)
            case .failed: self.init(.internalError, error.message)
            }
        }
    }

    /// Any error.
    public init(describing error: any Error) {
        switch error {
        case let error as RemoteError: self = error
        case let error as APIError: self.init(error)
        case is WireError: self.init(.rpc, from: .rpc, "Unable to decode message payload")
        case is XDRLimitError: self.init(.rpc, from: .rpc, "Unable to encode message payload: \(error)")
        default: self.init(.internalError, "\(error)")
        }
    }
}

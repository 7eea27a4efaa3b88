internal import API
internal import ArgumentParser
internal import Foundation
internal import Synchronization

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "events",
        abstract: "Print what happens to networks, one line an event, until interrupted.",
        discussion: "'vnet event' is virsh's net-event."
    )

    @OptionGroup var instance: Instance
    @Argument(help: "The network's name or UUID; all networks where it is left out.") var network: String?
    @Flag(help: "As data, one object a line.") var json = false

    func run() async throws {
        let json = json
        _ = try await instance.client().watch(network, limit: nil) { event in
            try printAtOnce(json ? jsonLine(event) : event.line)
            return true
        }
    }
}

/// The kinds of event that `vnet event` tells apart: virsh's two, and vnet's.
enum EventType: String, CaseIterable, ExpressibleByArgument {
    case lifecycle
    case metadataChange = "metadata-change"
    case update, repair, port, lease

    /// The type of an event, and how virsh calls it or would call it; nil for kinds that `vnet event` does not know.
    static func describe(_ event: NetworkEvent) -> (type: Self, words: String)? {
        switch event.kind {
        case .defined: (.lifecycle, "Defined")
        case .undefined: (.lifecycle, "Undefined")
        case .started: (.lifecycle, "Started")
        case .stopped: (.lifecycle, "Stopped")
        case .metadataChanged:
            event.metadata.map { (.metadataChange, "type \($0.kind.rawValue), uri \($0.uri ?? "<null>")") }
        case .updated: (.update, event.detail ?? "")
        case .repaired: (.repair, event.detail ?? "")
        case .portAttached: (.port, "Attached " + (event.detail ?? ""))
        case .portDetached: (.port, "Detached " + (event.detail ?? ""))
        case .leaseAdded: (.lease, "Added " + (event.detail ?? ""))
        case .leaseChanged: (.lease, "Changed " + (event.detail ?? ""))
        case .leaseEnded: (.lease, "Ended " + (event.detail ?? ""))
        case .addressInUse: (.lease, "Address in use: " + (event.detail ?? ""))
        case .addressDeclined: (.lease, "Declined " + (event.detail ?? ""))
        case .clientCloned, .addressesExhausted, .portLimited: (.lease, event.detail ?? "")
        default: nil
        }
    }
}

struct Event: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        "event",
        abstract: "Wait for an event of one type.",
        discussion: "Exits with 1 where none came in time. 'vnet events' prints events of all types.",
        aliases: ["net-event"]
    )

    @OptionGroup var instance: Instance
    @Argument(help: "The network's name or UUID; all networks where it is left out.") var network: String?
    @Option(help: "The type of event to wait for.") var event: EventType?
    @Flag(help: "Go on after the first event, until interrupted or timed out.") var loop = false
    @Option(help: "Give up after so many seconds.") var timeout: UInt32?
    @Flag(help: "Print when each event happened.") var timestamp = false
    @Flag(help: "List the types of event.") var list = false
    @Flag(help: "As data, one object a line.") var json = false

    func validate() throws {
        guard list || event != nil else { throw ValidationError("Either --list or --event <type> is required.") }
        guard timeout != 0 else { throw ValidationError("--timeout takes at least 1 second.") }
    }

    func run() async throws {
        if list {
            let types = EventType.allCases.map(\.rawValue)
            return json ? try printJSON(types) : print(types.joined(separator: "\n"))
        }
        let count = Mutex(0)
        let (wanted, loop, json, timestamp) = (event, loop, json, timestamp)
        let ending = try await instance.client().watch(network, limit: timeout.map { .seconds($0) }) { event in
            guard let (type, words) = EventType.describe(event), type == wanted else { return true }
            let line = "event '\(type.rawValue)' for network \(event.network): \(words)"
            try printAtOnce(json ? jsonLine(event) : timestamp ? "\(event.universalTime): \(line)" : line)
            count.withLock { $0 += 1 }
            return loop
        }
        if !json {
            switch ending {
            case .done: break
            case .timedOut: print("event loop timed out")
            case .interrupted: print("event loop interrupted")
            }
            print("events received: \(count.withLock { $0 })")
        }
        if count.withLock({ $0 == 0 }) { throw ExitCode.failure }
    }
}

extension NetworkEvent {
    /// `2026-11-24 20:47:32.518  netwerk1  port-attached  port vm1 with tap vtap0`, in local time.
    fileprivate var line: String {
        ([moment(in: .current), network, kind.rawValue] + [detail].compactMap(\.self)).joined(separator: "  ")
    }

    /// As virsh writes it: `2026-11-24 20:47:32.518+0000`.
    fileprivate var universalTime: String { moment(in: .gmt) + "+0000" }

    private func moment(in zone: TimeZone) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = zone
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss.SSS"
        return formatter.string(from: Date(timeIntervalSince1970: Double(time) / 1_000))
    }
}

private func jsonLine(_ event: NetworkEvent) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(event), as: UTF8.self)
}

/// Writes a line that a program at the other end of a pipe sees at once; one that has left ends this one.
private func printAtOnce(_ line: String) throws {
    print(line)
    guard fflush(nil) == 0 else { throw ExitCode.failure }
}

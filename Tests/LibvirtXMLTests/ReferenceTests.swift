internal import Foundation
internal import LibvirtXML
internal import NetworkModel
internal import Testing

/// Holds each document as `NAME.in.xml`, with `NAME.out.xml` where libvirt took it.
private let documents = ProcessInfo.processInfo.environment["VNET_REFERENCE"].map { URL(filePath: $0) }

/// Compares with what a real libvirtd made of documents; `Tests/Reference/compare-documents.sh` has it made and runs this.
@Suite(.enabled(if: documents != nil)) struct ReferenceTests {
    enum Outcome: Hashable { case same, bothRefuse, otherText, weRefuse, libvirtRefuses }

    @Test func agreesWithLibvirt() throws {
        var reasons = try Self.differences()
        var counts: [Outcome: Int] = [:]
        let folder = try #require(documents)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".in.xml") }.map { String($0.dropLast(7)) }.sorted()
        #expect(names.count > 1_000)
        for name in names {
            let (outcome, detail) = try Self.compare(name, in: folder)
            counts[outcome, default: 0] += 1
            let agree = outcome == .same || outcome == .bothRefuse
            let isMeant = reasons.removeValue(forKey: name) != nil
            if agree == isMeant { Issue.record("\(name): \(agree ? "no longer differs" : "\(outcome): \(detail)")") }
        }
        #expect(reasons.isEmpty, "listed as different, and not compared: \(reasons.keys.sorted())")
        print("\(names.count) documents: \(counts.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", "))")
    }

    private static func compare(_ name: String, in folder: URL) throws -> (Outcome, String) {
        let source = try bytes(of: folder.appending(path: "\(name).in.xml"))
        let answer = try? String(contentsOf: folder.appending(path: "\(name).out.xml"), encoding: .utf8)
        do {
            let network = try read(source)
            guard let answer else { return (.libvirtRefuses, "") }
            let ours = Self.comparable(network.libvirtXML, source)
            let theirs = Self.comparable(Self.undefined(answer, as: network), source)
            return ours == theirs ? (.same, "") : (.otherText, "\(ours)\n\(theirs)")
        } catch {
            return answer == nil ? (.bothRefuse, "") : (.weRefuse, error.description)
        }
    }

    /// Both make a UUID of their own where the document has none.
    private static func comparable(_ text: String, _ source: [UInt8]) -> String {
        let source = String(decoding: source, as: UTF8.self)
        let isMade = !source.contains("<uuid>") || source.contains("<uuid></uuid>")
        return isMade ? text.replacing(/<uuid>.*<\/uuid>/, with: "<uuid/>") : text
    }

    /// What libvirt wrote without the name and the address that it made up for the bridge, which here the daemon does.
    private static func undefined(_ answer: String, as network: NetworkDefinition) -> String {
        var answer = answer
        if network.mac == nil { answer = answer.replacing(/\ \ <mac .*\n/, with: "") }
        guard network.hasOwnBridge else { return answer }
        let made = (network.bridge.name ?? "virbr%d").replacing("%d", with: "0")
        let name = network.bridge.name.map { " name='\($0)'" } ?? ""
        if network.bridge.name?.contains("%d") != false {
            answer = answer.replacing("<bridge name='\(made)'", with: "<bridge\(name)")
        }
        return answer
    }

    /// The documents for which a difference is meant.
    private static func differences() throws -> [String: String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Reference/differences")
        let subject = "document "
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter {
            $0.hasPrefix(subject)
        }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.dropFirst(subject.count).split(separator: "\t", maxSplits: 1)
                return (String(parts[0]), String(parts.last ?? ""))
            })
    }
}

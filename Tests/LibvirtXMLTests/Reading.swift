internal import Foundation
internal import LibvirtXML
internal import NetworkModel
internal import TestSupport

/// Reads a document; where it has no UUID it gets the first one of seed 1.
func read(_ xml: String) throws(XMLProblems) -> NetworkDefinition { try read([UInt8](xml.utf8)) }

func read(_ bytes: [UInt8]) throws(XMLProblems) -> NetworkDefinition {
    var random = SeededGenerator(seed: 1)
    return try NetworkDefinition(libvirtXML: bytes, using: &random)
}

/// A network named `lab` with `body` from line 3 on.
func network(_ body: String) -> String { "<network>\n  <name>lab</name>\n\(body)\n</network>\n" }

/// What is wrong with a document; empty where nothing is.
func problems(_ xml: String) -> [XMLProblem] {
    do {
        _ = try read(xml)
        return []
    } catch {
        return error.problems
    }
}

/// What is told of a document that can be read.
func warnings(_ xml: String) throws(XMLProblems) -> [XMLProblem] {
    var random = SeededGenerator(seed: 1)
    return try NetworkDefinition.read(libvirtXML: [UInt8](xml.utf8), using: &random).warnings
}

/// The files of a folder, named from the root of the package.
func files(in folder: String) -> [URL] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let found = try? FileManager.default.contentsOfDirectory(
        at: root.appending(path: folder), includingPropertiesForKeys: nil)
    return (found ?? []).sorted { $0.lastPathComponent < $1.lastPathComponent }
}

func bytes(of file: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }

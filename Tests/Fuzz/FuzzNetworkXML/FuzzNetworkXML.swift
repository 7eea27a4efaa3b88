internal import LibvirtXML
internal import NetworkModel

/// libFuzzer calls this with documents it makes up.
///
/// What can be read must be written and read again as the same network and the same text, as it is on disk and as it runs;
/// and what is said of an element must be said of the place where it begins.
@c(LLVMFuzzerTestOneInput)
public func fuzzNetworkXML(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    var generator = SystemRandomNumberGenerator()
    let network: NetworkDefinition
    do throws(XMLProblems) {
        let read = try NetworkDefinition.read(libvirtXML: bytes, using: &generator)
        checkPlaces(of: read.warnings, in: bytes)
        network = read.definition
    } catch {
        checkPlaces(of: error.problems, in: bytes)
        return 0
    }
    let text = network.libvirtXML
    let again = try? NetworkDefinition(libvirtXML: [UInt8](text.utf8), using: &generator)
    precondition(again == network, "another network was read from what was written")
    precondition(again?.libvirtXML == text, "another text was written of the same network")
    let live = network.libvirtXML(live: true)
    let running = try? NetworkDefinition(libvirtXML: [UInt8](live.utf8), using: &generator)
    precondition(running?.libvirtXML(live: true) == live, "another text was written of the network as it runs")
    _ = network.hindrances(in: bytes)
    return 0
}

/// Expects a start tag at the place of each problem that names one; of many, the first few.
private func checkPlaces(of problems: [XMLProblem], in bytes: [UInt8]) {
    for problem in problems.prefix(8) {
        guard let element = problem.element else { continue }
        guard let line = problem.line, let column = problem.column else {
            preconditionFailure("<\(element)> is nowhere")
        }
        var rest = bytes[...]
        for _ in 1..<line { rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst() }
        // A continuation octet begins no character.
        for _ in 1..<column { rest = rest.dropFirst().drop { $0 & 0xC0 == 0x80 } }
        precondition(rest.starts(with: "<\(element)".utf8), "<\(element)> does not stand at \(line):\(column)")
    }
}

public import NetworkModel

extension NetworkDefinition {
    /// Holds a document to what `virsh net-define --validate` demands: no word that has no meaning, and libvirt's schema.
    ///
    /// - Parameters:
    ///   - bytes: As for `read(libvirtXML:using:)`.
    ///   - schema: libvirt's `network.rng`; nil where it is not at hand.
    /// - Throws: Everything that is wrong, what reading alone finds among it; an element that reading refuses is not
    ///   held to the schema as well.
    public static func validate(libvirtXML bytes: [UInt8], against schema: borrowing Schema?) throws(XMLProblems) {
        var reader = DefinitionReader(isStrict: true)
        var generator = SystemRandomNumberGenerator()
        _ = try reader.network(in: bytes, using: &generator)
        var problems = reader.problems
        switch schema {
        case .some(let schema):
            let refused = Set(problems.map { SourcePosition(line: $0.line ?? 0, column: $0.column ?? 0) })
            problems += try schema.problems(in: bytes).filter {
                !refused.contains(SourcePosition(line: $0.line ?? 0, column: $0.column ?? 0))
            }
        case nil: break
        }
        guard problems.isEmpty else { throw XMLProblems(problems) }
    }
}

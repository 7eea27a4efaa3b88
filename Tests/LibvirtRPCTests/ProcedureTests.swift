internal import LibvirtRPC
internal import Testing

@Suite struct ProcedureTests {
    @Test func `each number is one procedure's`() {
        #expect(Set(Procedures.all.map(\.number)).count == Procedures.all.count)
    }
}

import LibvirtRPC
import Testing

@testable import Daemon

@Suite struct LibvirtProceduresTests {
    /// Whatever may be called is answered by the connection or by the service, and by one of them alone.
    @Test func `each procedure is somebody's`() {
        let served = ProcedureTable<NetworkService>.networks.numbers
        for procedure in Procedures.all where procedure.access != .tells {
            var session = Session(isReadOnly: false)
            _ = session.receive(
                Message(.remote, procedure: Procedures.open.number, .call, payload: Array(repeating: 0, count: 8)))
            let call = Message(.remote, procedure: procedure.number, .call)
            #expect(
                (session.receive(call) == .perform(call)) == served.contains(procedure.number), "\(procedure.function)")
        }
    }

    @Test func `a user has only so many connections`() {
        let count = ConnectionCount()
        for _ in 0..<ConnectionCount.limit { #expect(count.enter(1_000)) }
        #expect(!count.enter(1_000))
        #expect(count.enter(1_001))
        count.leave(1_000)
        #expect(count.enter(1_000))
    }
}

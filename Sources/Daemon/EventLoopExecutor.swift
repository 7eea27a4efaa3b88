internal import NIOCore

/// Runs tasks on the thread of an event loop.
///
/// A client that asks hundreds of small questions one after the other is answered by the thread that reads them: waking
/// another one for each, and this one for its answer, takes longer than the answer itself.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

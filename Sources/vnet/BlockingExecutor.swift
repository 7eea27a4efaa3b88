internal import Foundation

/// Runs tasks that wait for the daemon's answers, each on a thread of its own.
///
/// Those that tasks share are as many as the processors, and none of them may wait so long.
final class BlockingExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// The system calls that the responder may make while it answers guests, each with what makes it.
///
/// A few more are allowed with the arguments that ``Sandbox/restrictSystemCalls()`` says: `socket`, `mmap`, `mprotect`, `clone`.
enum PermittedSystemCalls {
    static let all = packets + files + memory + threads + rest

    /// What guests send and are sent.
    private static let packets = [
        "recvfrom",  // What relay agents send, TFTP, HTTP, and answers of other name servers.
        "recvmsg",  // What the daemon asks, with the sockets that come along.
        "recvmmsg",  // Up to 64 frames, of DHCP, ARP and neighbour discovery, or queries for names at once.
        "sendto",  // What relay agents are sent, advertisements, TFTP blocks, queries to other name servers, TCP.
        "sendmsg",  // What the daemon is told.
        "sendmmsg",  // Up to 64 frames or answers to queries at once.
        "sendfile",  // Boot files by HTTP.
        "shutdown",  // The end of a connection by HTTP, after its last answer.
        "connect",  // A query's own socket, which hears the one server that was asked.
        "accept4",  // A guest that asks by TCP, for names or for files.
        "close",  // Whatever one of these has opened.
        "read",  // Mailboxes between the loops, and TCP.
        "write",  // The same, the log of queries, and last words on standard error.
        "getsockopt",  // How full the queue of a socket is.
        "epoll_create1",  // Each loop makes its poller when its thread has started.
        "epoll_ctl",  // Sockets come and go with networks, connections and queries.
        "epoll_wait",  // Where each loop waits.
        "epoll_pwait",  // What newer C libraries make of it.
    ]

    /// SQLite's, below the root that the sandbox has; and of files below the folders of TFTP and HTTP.
    private static let files = [
        "open",  // The database and its log, by older C libraries.
        "openat",  // The same, by newer ones.
        "openat2",  // Files below a folder of boot files, which the kernel lets lead nowhere else.
        "stat",  // Whether a log was left behind, by older C libraries.
        "fstat",  // Sizes: of the database, of a boot file, of the log of queries.
        "lstat",  // SQLite follows no link to its files.
        "newfstatat",  // What newer C libraries make of these three.
        "statx",  // The same.
        "access",  // Whether the log and its index are there.
        "faccessat",  // What newer C libraries make of it.
        "faccessat2",  // The same.
        "lseek",  // SQLite, where the C library reads at no offset.
        "pread64",  // Pages of the database, blocks of a boot file, the bridge's forwarding table.
        "pwrite64",  // Pages of the database and of its log.
        "fsync",  // A lease is on disk before its guest hears of it.
        "fdatasync",  // The same.
        "ftruncate",  // The log's end, and the log of queries, which begins anew.
        "fallocate",  // Room for the database, before it is written.
        "unlink",  // A log that is not needed any more, by older C libraries.
        "unlinkat",  // The same, by newer ones.
        "fcntl",  // Locks of the database: there is one writer.
        "fchmod",  // The log gets the database's mode.
        "fchown",  // And its owner.
        "getcwd",  // SQLite makes paths absolute.
    ]

    private static let memory = [
        "munmap",  // Memory that is given back, and the database's shared index.
        "mremap",  // An allocation that grows.
        "madvise",  // Memory that a thread has left.
        "brk",  // The C library's heap.
        "membarrier",  // Swift's runtime, between threads.
    ]

    private static let threads = [
        "futex",  // Locks, and waiting for threads.
        "set_robust_list",  // Each thread that is started.
        "rseq",  // The same.
        "sched_yield",  // A lock that is held for a moment.
        "sched_getaffinity",  // How many threads are worth it.
        "prctl",  // Names of threads and of memory.
        "set_tid_address",  // A thread's end is told.
        "gettid",  // Which thread holds a lock.
        "rt_sigprocmask",  // No signal comes while a thread is made.
        "rt_sigaction",  // Crash handlers.
        "rt_sigreturn",  // The way back from one.
        "sigaltstack",  // The stack that one runs on.
        "exit",  // A thread's end.
    ]

    private static let rest = [
        "clock_gettime",  // Where the kernel gives no time without a call.
        "clock_nanosleep",  // SQLite waits for a lock.
        "nanosleep",  // The same, by older C libraries.
        "gettimeofday",  // SQLite's clock.
        "getrandom",  // Ids and ports of queries, cookies, hash seeds.
        "restart_syscall",  // The kernel makes it, after a stop.
        "exit_group",  // The process's end.
        "getpid",  // SQLite tells processes apart by it; crash reports.
        "getuid",  // SQLite asks who it is.
        "geteuid",  // The same: only root changes a file's owner.
        "getgid",  // The C library, for paths from the environment.
        "getegid",  // The same.
        "tgkill",  // A crash ends the process by its own signal.
    ]
}

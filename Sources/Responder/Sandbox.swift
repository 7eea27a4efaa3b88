internal import CLinux
internal import CSeccomp
internal import Glibc
internal import ResponderChannel

/// How the responder gives up what it does not need before it reads a byte that a guest sent.
enum Sandbox {
    /// Makes `folder` the root of all paths, and becomes a user without any capability, for good.
    static func enter(folder: String) throws(SystemError) {
        let identity = ResponderIdentity.current
        guard unsafe chdir(folder) == 0, unsafe chroot(".") == 0 else { throw SystemError("make '\(folder)' the root") }
        // The bounding set first: dropping it needs a capability.
        capng_clear(CAPNG_SELECT_BOUNDS)
        guard capng_apply(CAPNG_SELECT_BOUNDS) == 0 else { throw SystemError("drop the capability bounding set") }
        guard clinux_become(identity.uid, identity.gid) == 0 else { throw SystemError("become user \(identity.uid)") }
        capng_clear(CAPNG_SELECT_BOTH)
        guard capng_apply(CAPNG_SELECT_CAPS) == 0 else { throw SystemError("drop capabilities") }
        umask(0o027)
    }

    /// Allows from now on only the system calls that the loops make; any other fails with EPERM.
    ///
    /// Also sets `no_new_privs`.
    static func restrictSystemCalls() throws(SystemError) {
        guard let filter = unsafe seccomp_init(errnoAction(UInt16(EPERM))) else {
            throw SystemError("make a seccomp filter")
        }
        defer { unsafe seccomp_release(filter) }
        for name in permitted {
            let number = unsafe seccomp_syscall_resolve_name(name)
            // Not every architecture has all of them.
            guard number >= 0 else { continue }
            guard unsafe seccomp_rule_add_array(filter, allowAction, number, 0, nil) == 0 else {
                throw SystemError("permit system call '\(name)'")
            }
        }
        let result = unsafe seccomp_load(filter)
        guard result == 0 else { throw SystemError("load the seccomp filter", errno: -result) }
    }

    private static let permitted =
        packets + files + memory + threads + [
            "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "getrandom", "uname", "sysinfo",
            "exit", "exit_group", "restart_syscall", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction", "sigaltstack",
            "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "tgkill",
        ]
    private static let packets = [
        "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "socket", "bind", "connect", "accept4",
        "getsockname", "getpeername", "setsockopt", "getsockopt", "shutdown", "close", "read", "write", "readv",
        "writev",
        "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "poll", "ppoll", "ioctl",
    ]
    /// SQLite's, below the root that the sandbox has.
    private static let files = [
        "open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "lseek",
        "pread64", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "unlink", "unlinkat", "rename",
        "renameat",
        "fcntl", "fchmod", "fchown", "getcwd", "readlink", "readlinkat", "mkdir", "rmdir", "utimensat", "getdents64",
    ]
    private static let memory = ["mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "membarrier"]
    private static let threads = [
        "futex", "futex_waitv", "clone", "clone3", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
        "sched_getparam", "sched_getscheduler", "sched_setscheduler", "sched_get_priority_max",
        "sched_get_priority_min",
        "prctl", "arch_prctl", "set_tid_address", "prlimit64", "getpriority", "setpriority",
    ]
}

/// `SCMP_ACT_ERRNO(x)` and `SCMP_ACT_ALLOW` of seccomp.h, which are macros.
private func errnoAction(_ number: UInt16) -> UInt32 { 0x0005_0000 | UInt32(number) }
private let allowAction: UInt32 = 0x7FFF_0000

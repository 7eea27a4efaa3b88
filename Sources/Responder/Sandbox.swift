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

    /// Allows from now on only the system calls that the loops make, on all threads; any other fails with EPERM.
    ///
    /// Also sets `no_new_privs`. What the filter cannot see: the packet sockets, whose own filter limits what they receive, may
    /// send to any interface.
    static func restrictSystemCalls() throws(SystemError) {
        guard let filter = unsafe seccomp_init(errnoAction(EPERM)) else { throw SystemError("make a seccomp filter") }
        defer { unsafe seccomp_release(filter) }
        unsafe seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)
        for name in PermittedSystemCalls.all { try unsafe permit(name, [], filter) }
        // Outgoing queries, and no socket of another family: a unix socket would reach the host's other services.
        for family in [AF_INET, AF_INET6] { try unsafe permit("socket", [equal(0, UInt64(family))], filter) }
        // No memory is ever made executable.
        for name in ["mmap", "mprotect"] {
            try unsafe permit(name, [masked(2, UInt64(PROT_EXEC), equals: 0)], filter)
        }
        // Threads, but no new namespaces; glibc takes the old call where the new one, whose flags no filter sees, is missing.
        try unsafe permit("clone", [masked(0, namespaceFlags, equals: 0)], filter)
        let clone3 = unsafe seccomp_syscall_resolve_name("clone3")
        unsafe seccomp_rule_add_array(filter, errnoAction(ENOSYS), clone3, 0, nil)
        let result = unsafe seccomp_load(filter)
        guard result == 0 else { throw SystemError("load the seccomp filter", errno: -result) }
    }

    private static func permit(
        _ name: String, _ conditions: [scmp_arg_cmp], _ filter: scmp_filter_ctx
    ) throws(SystemError) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // Not every architecture has all of them.
        guard number >= 0 else { return }
        let result = unsafe seccomp_rule_add_array(filter, allowAction, number, UInt32(conditions.count), conditions)
        guard result == 0 else { throw SystemError("permit system call '\(name)'", errno: -result) }
    }

    private static func equal(_ argument: UInt32, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
    }

    private static func masked(_ argument: UInt32, _ mask: UInt64, equals value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
    }

    /// `CLONE_NEWTIME` to `CLONE_NEWNET` (linux/sched.h).
    private static let namespaceFlags: UInt64 = 0x7E02_0080
}

/// `SCMP_ACT_ERRNO(x)` and `SCMP_ACT_ALLOW` of seccomp.h, which are macros.
private func errnoAction(_ number: Int32) -> UInt32 { 0x0005_0000 | UInt32(number) }
private let allowAction: UInt32 = 0x7FFF_0000

internal import API
internal import Foundation

/// Runs a program on this terminal, and returns the code it ends with; 128 and the signal's number where one ended it.
///
/// The program has the files `devices` open for reading and writing, as its descriptors 3, 4 and so on.
func runProgram(_ arguments: [String], devices: [String] = []) throws -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, device) in devices.enumerated() {
        unsafe posix_spawn_file_actions_addopen(
            &actions, PortInfo.firstDescriptor + Int32(number), device, O_RDWR, 0)
    }
    // The terminal sends its signals to both; the program decides, and this one must live to clean up.
    for number in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] { signal(number, SIG_IGN) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
    var pid: pid_t = 0
    let result = unsafe posix_spawnp(&pid, arguments[0], &actions, &attributes, pointers, environ)
    guard result == 0 else {
        throw CommandError("run '\(arguments[0])': \(unsafe String(cString: strerror(result)))")
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
}

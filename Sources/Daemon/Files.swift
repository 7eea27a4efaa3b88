internal import Engine
internal import FoundationEssentials
internal import Glibc

/// Something on disk could not be read or written.
struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String, _ path: String, errno number: CInt = errno) {
        description = "\(operation) '\(path)': \(unsafe String(cString: strerror(number)))"
    }
}

/// Files that are either the old or the new ones, whenever the daemon is killed, and those outside `run` whenever the power
/// fails.
enum Files {
    /// Makes a folder with all above it; one that is there keeps its mode.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(FileError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            let wanted = made == path ? mode : 0o755
            // Whatever the umask is, the mode is the one that is asked for.
            let isMade = unsafe (mkdir(made, wanted) == 0 && chmod(made, wanted) == 0)
            guard isMade || errno == EEXIST else { throw FileError("make folder", made) }
        }
    }

    /// Writes a file under a temporary name, syncs it and renames it.
    ///
    /// A file that is not `durable` is not synced: what lies in `run` speaks of a kernel that is gone with the power too.
    static func write(
        _ content: some Sequence<UInt8>, to path: String, mode: mode_t = 0o644, durable: Bool
    ) throws(FileError) {
        if Fault.isDue() { throw FileError("write", path, errno: ENOSPC) }
        let temporary = temporaryName(of: path)
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw FileError("write", path) }
        let bytes = [UInt8](content)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(file, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let number = errno
                close(file)
                unsafe unlink(temporary)
                throw FileError("write", path, errno: number)
            }
            written += count
        }
        let synced = fchmod(file, mode) == 0 && (!durable || fsync(file) == 0)
        let number = errno
        close(file)
        guard synced, unsafe rename(temporary, path) == 0 else {
            let reason = synced ? errno : number
            unsafe unlink(temporary)
            throw FileError("write", path, errno: reason)
        }
        if durable { syncDirectory(of: path) }
    }

    /// Beside the file, and told apart from any that is finished: who lists a folder sees whole files only.
    ///
    /// Two octets longer than the name, so that a network's name of 247 octets fits in a file's of 255.
    private static func temporaryName(of path: String) -> String {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return path[..<slash] + "." + path[slash...] + "~"
    }

    /// Writes a value as JSON, equal values as equal text.
    static func write(_ value: some Encodable, asJSONTo path: String, durable: Bool) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try write(try encoder.encode(value), to: path, durable: durable)
    }

    /// The value in a JSON file; nil where there is none, or none of this type.
    static func readJSON<Value: Decodable>(_ path: String, as: Value.Type = Value.self) -> Value? {
        guard let content = try? read(path) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(content))
    }

    /// Removes a file; one that is not there is no error.
    static func remove(_ path: String, durable: Bool) throws(FileError) {
        if Fault.isDue() { throw FileError("remove", path, errno: EIO) }
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw FileError("remove", path) }
        if durable { syncDirectory(of: path) }
    }

    /// Makes a symbolic link.
    static func link(_ path: String, to target: String) throws(FileError) {
        if Fault.isDue() { throw FileError("make link", path, errno: ENOSPC) }
        guard unsafe symlink(target, path) == 0 else { throw FileError("make link", path) }
        syncDirectory(of: path)
    }

    /// Removes files of a folder whose writer died before they had their name.
    static func removeUnfinished(in path: String) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        for name in names ?? [] where isUnfinished(name) { unsafe unlink("\(path)/\(name)") }
    }

    private static func syncDirectory(of path: String) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    /// The whole file, or so many of its last octets; nil where there is none.
    static func read(_ path: String, last limit: Int? = nil) throws(FileError) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("read", path)
        }
        defer { close(file) }
        // A file that is shorter is read from its beginning.
        if let limit { lseek(file, -limit, Int32(SEEK_END)) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path) }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }

    /// The names in a folder in order, without those of unfinished files; none where there is no such folder.
    static func names(in path: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        return names?.filter { !isUnfinished($0) }.sorted() ?? []
    }

    private static func isUnfinished(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix("~") }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

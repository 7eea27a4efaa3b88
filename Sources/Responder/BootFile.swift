internal import BootFiles
internal import CLinux
internal import Glibc

/// An open file below a root; closed when nobody keeps it any more.
final class BootFile {
    let descriptor: Int32
    /// In octets, when it was opened.
    let size: UInt64
    /// In seconds since 1970.
    let changed: Int64

    enum Failure: Error { case notFound, notPermitted, busy }

    init(_ name: [UInt8], below root: Int32) throws(Failure) {
        let path: BootPath
        do throws(BootPath.Refusal) {
            path = try BootPath(name)
        } catch {
            switch error {
            case .notFound: throw .notFound
            case .notPermitted: throw .notPermitted
            }
        }
        var (size, changed): (UInt64, Int64) = (0, 0)
        descriptor = unsafe clinux_open_file_beneath(root, path.description, &size, &changed)
        (self.size, self.changed) = (size, changed)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .notFound
            case EMFILE, ENFILE: throw .busy
            default: throw .notPermitted
            }
        }
    }

    deinit { close(descriptor) }
}

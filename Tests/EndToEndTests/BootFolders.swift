internal import TestSupport

/// What makes a folder with things that no guest is to read, and one file that it may.
let forbiddenThings = """
    echo secret > ../secret
    mkdir folder
    echo hello > file; echo hello > private; chmod 600 private
    ln -s ../secret link; ln -s /etc/passwd absolute; ln -s file inside; ln -s .. up
    mkfifo fifo; mknod null c 1 3
    """

extension Lab {
    /// Makes a folder of files in the lab, of a script's making.
    func bootFolder(_ script: String) async throws -> String {
        let path = "\(folder)/files"
        try await run(["sh", "-ec", "umask 022; mkdir \(path); cd \(path); \(script)"]).orThrow()
        return path
    }
}

internal import Foundation
internal import Glibc

/// Why a program of the host's did not do what it was run for.
struct ProgramError: Error, CustomStringConvertible {
    /// As a clause: `it ended with code 1: no such link`.
    let description: String
}

/// Programs of the host's that are run to their end.
enum ChildProgram {
    /// The same whoever has started the daemon.
    private static let environment = [
        "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
    ]

    /// Runs a program with `input` on its standard input; what it prints is nobody's.
    ///
    /// Files without a name are made in the folder `scratch`.
    ///
    /// - Throws: ``ProgramError`` where it cannot be run or ends with another code than 0, with what it says on its standard
    ///   error.
    static func run(
        _ program: String, _ arguments: [String], input: String = "", scratch: String
    ) async throws(ProgramError) {
        guard let documents = file(in: scratch), let errors = file(in: scratch) else {
            throw ProgramError(description: "no file in '\(scratch)' for what it is to read")
        }
        let outcome: Result<Int32, any Error>
        do {
            try documents.write(contentsOf: Data(input.utf8))
            try documents.seek(toOffset: 0)
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            process.environment = environment
            process.standardInput = documents
            process.standardOutput = FileHandle.nullDevice
            process.standardError = errors
            outcome = await withCheckedContinuation { end in
                process.terminationHandler = { process in
                    let isSignal = process.terminationReason == .uncaughtSignal
                    end.resume(returning: .success(isSignal ? -process.terminationStatus : process.terminationStatus))
                }
                do { try process.run() } catch { end.resume(returning: .failure(error)) }
            }
        } catch {
            outcome = .failure(error)
        }
        switch outcome {
        case .success(0): return
        case .success(let status):
            let how = status < 0 ? "signal \(-status) ended it" : "it ended with code \(status)"
            try? errors.seek(toOffset: 0)
            let said = (try? errors.read(upToCount: 4_096)).flatMap { $0 } ?? Data()
            let words = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw ProgramError(description: words.isEmpty ? how : "\(how): \(words)")
        case .failure(let error): throw ProgramError(description: "it could not be run: \(error)")
        }
    }

    /// Where the shell of the host's owner would find a program; nil where there is none of this name.
    static func path(of name: String) -> String? {
        environment["PATH"]?.split(separator: ":").map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }

    /// A file that is gone with its last descriptor: unlike a pipe, nobody waits for it to be read.
    private static func file(in scratch: String) -> FileHandle? {
        var template = Array("\(scratch)/.child-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unsafe unlink(&template)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

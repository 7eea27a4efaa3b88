internal import CNftables

/// A batch that the kernel, or libnftables before it, refused; nothing of it took effect.
public struct NftError: Error, Hashable, CustomStringConvertible {
    /// What was being done, in the imperative.
    public let operation: String
    /// libnftables' own first line.
    public let reason: String
    public var description: String { "\(operation): \(reason)" }
}

/// libnftables in this process, in the network namespace of the thread that made it; no `nft` is executed.
///
/// Not for two threads at once: the owner is one actor.
@safe public struct Nft: ~Copyable {
    private let context: OpaquePointer
    private let threads = Threads()

    public init() throws(NftError) {
        guard let context = unsafe nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else {
            throw NftError(operation: "open nftables", reason: "out of memory")
        }
        _ = unsafe nft_ctx_buffer_output(context)
        _ = unsafe nft_ctx_buffer_error(context)
        unsafe self.context = context
    }

    deinit { unsafe nft_ctx_free(context) }

    /// Carries out `commands`, in the language of nft(8), as one transaction: all or nothing.
    ///
    /// - Returns: What the commands print.
    @discardableResult
    public func run(_ commands: String, while operation: String) throws(NftError) -> String {
        threads.ids.insert(cnftables_thread())
        var attempts = 1
        while true {
            do throws(NftError) {
                return try attempt(commands, while: operation)
            } catch {
                // Somebody's change, of whichever namespace, came in between, and libnftables asks no second time.
                guard attempts < 20, error.reason.contains("Interrupted system call") else { throw error }
                attempts += 1
            }
        }
    }

    private func attempt(_ commands: String, while operation: String) throws(NftError) -> String {
        let result = unsafe nft_run_cmd_from_buffer(context, commands)
        let output = unsafe nft_ctx_get_output_buffer(context).map { unsafe String(cString: $0) } ?? ""
        let errors = unsafe nft_ctx_get_error_buffer(context).map { unsafe String(cString: $0) } ?? ""
        guard result == 0 else {
            let reason = errors.split(separator: "\n").first { !$0.isEmpty }
            throw NftError(operation: operation, reason: reason.map { String($0) } ?? "refused")
        }
        return output
    }

    /// Whether this is what ran commands, on the thread of that id; the kernel names threads where it tells who changed rules.
    public func ran(onThread id: Int32) -> Bool { threads.ids.contains(id) }

    /// Whether the chains that all networks share are in the kernel as ``Ruleset/base`` makes them, whatever is in the rest.
    ///
    /// An nft that lists them in other words makes this false.
    public func hasBaseChains() -> Bool {
        let chains = Ruleset.baseChains
        let commands = chains.map { "list chain inet vnet \($0.name)\n" }.joined()
        guard let listing = try? run(commands, while: "list vnet's nftables chains") else { return false }
        return chains.allSatisfy { listing.contains($0.listing) }
    }

    /// What others have in the kernel that packets of IPv4 and IPv6 come by.
    public func foreignRuleset() throws(NftError) -> KernelRuleset {
        let operation = "list nftables tables"
        var attempts = 1
        while true {
            let tables = try run("list tables", while: operation).split(separator: "\n").filter { line in
                let words = line.split(separator: " ")
                return words.count == 3 && ["inet", "ip", "ip6"].contains(words[1]) && line != "table inet vnet"
            }
            unsafe nft_ctx_output_set_flags(
                context, UInt32(NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS))
            defer { unsafe nft_ctx_output_set_flags(context, 0) }
            do throws(NftError) {
                // One by one: with several, nft 1.0.6 looks for all of them in the family of the first.
                var listing = ""
                for table in tables { listing += try run("list \(table)", while: operation) }
                return KernelRuleset(listing: listing)
            } catch {
                // A table may have gone since.
                guard attempts < 3 else { throw error }
                attempts += 1
            }
        }
    }

    /// Whether vnet's tables are there.
    public func hasTables() -> Bool {
        let listing = try? run("list tables", while: "list nftables tables")
        return listing?.split(separator: "\n").contains("table inet vnet") ?? false
    }
}

/// The threads that have run commands: an actor's calls come on many.
private final class Threads {
    var ids: Set<Int32> = []
}

internal import GRDB

/// A table of leases of one family.
///
/// Its first columns are `network`, `id` and ``keyColumns``; each row says how an address of a network stands from then on.
protocol LeaseTable {
    /// What is leased: an address, or a prefix.
    associatedtype Key: Hashable
    associatedtype Lease

    static var name: String { get }
    static var keyColumns: [String] { get }
    /// All columns behind ``keyColumns``, null in a row that ends a lease.
    static var leaseColumns: [String] { get }

    /// What a row is about that begins with ``keyColumns``; nil for one that is damaged.
    static func key(_ row: Row) -> Key?
    static func key(of lease: Lease) -> Key
    /// The lease of a row that has ``keyColumns`` and ``leaseColumns``; nil where it ends one.
    static func lease(_ row: Row) -> Lease?
    /// Binds ``keyColumns``.
    static func bind(_ key: Key, to row: inout RowWriter)
    /// Binds ``leaseColumns``.
    static func bind(_ lease: Lease, to row: inout RowWriter)
}

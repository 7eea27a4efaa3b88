internal import Foundation

/// A table as virsh prints it: a heading, a rule, and a line a row, each cell after a space and padded but the last.
struct Table {
    let heading: [String]
    var rows: [[String]] = []

    var description: String {
        let widths = heading.indices.map { column in ([heading] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            cells.enumerated().map { column, cell in
                column == heading.count - 1
                    ? " " + cell : " " + cell + String(repeating: " ", count: widths[column] + 2 - cell.count)
            }.joined()
        }
        let rule = String(repeating: "-", count: widths.reduce(0) { $0 + $1 + 3 })
        return ([line(heading), rule] + rows.map(line)).joined(separator: "\n")
    }
}

/// The data itself, for programs: keys sorted, two spaces of indentation.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

extension Bool {
    var yesOrNo: String { self ? "yes" : "no" }
}

/// Rows for people: columns as wide as their widest cell, the last one free to run on.
struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: [String]) { self.header = header }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// - Parameter style: What colours a cell, given its text as laid out; colours never change the widths.
    func text(style: (_ row: Int, _ column: Int, _ cell: String) -> String = { $2 }) -> String {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        var text = ""
        for (index, row) in ([header] + rows).enumerated() {
            for (column, cell) in row.enumerated() {
                let isLast = column == row.count - 1
                let padded = isLast ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
                text += index == 0 ? padded : style(index - 1, column, padded)
            }
            text += "\n"
        }
        return text
    }
}

extension Table {
    /// Milliseconds with one decimal.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// Finding text in text, byte for byte, in linear time.
enum TextSearch {
    /// Where `part` first begins in `text` from `start` on, in bytes.
    ///
    /// Knuth, Morris and Pratt's search: each byte of the text is looked at twice at most.
    static func firstPosition(
        of part: [UInt8],
        in text: [UInt8],
        from start: Int = 0,
        borders: [Int]
    ) -> Int? {
        var matched = 0
        var position = start
        if part.isEmpty { return start }
        while position < text.count {
            while matched > 0, part[matched] != text[position] { matched = borders[matched - 1] }
            if part[matched] == text[position] { matched += 1 }
            position += 1
            if matched == part.count { return position - part.count }
        }
        return nil
    }

    /// For each prefix of `part`, how long its longest proper suffix is that is also a prefix.
    static func borders(of part: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for position in part.indices.dropFirst() {
            while length > 0, part[length] != part[position] { length = borders[length - 1] }
            if part[length] == part[position] { length += 1 }
            borders[position] = length
        }
        return borders
    }

    static func firstPosition(
        of part: String,
        in text: String,
        _ evaluation: inout Evaluation
    ) throws(EvaluationError) -> Int? {
        try evaluation.spend(bytes: part.utf8.count + text.utf8.count)
        let part = Array(part.utf8)
        return firstPosition(of: part, in: Array(text.utf8), borders: borders(of: part))
    }

    /// Where `part`, which is not empty, begins in `text`, without overlaps and at most `limit` times.
    static func positions(of part: [UInt8], in text: [UInt8], limit: Int = .max) -> [Int] {
        let borders = borders(of: part)
        var positions: [Int] = []
        var start = 0
        while positions.count < limit, let position = firstPosition(of: part, in: text, from: start, borders: borders) {
            positions.append(position)
            start = position + part.count
        }
        return positions
    }
}

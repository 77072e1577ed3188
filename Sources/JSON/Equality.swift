extension Value {
    /// Whether two values mean the same: members in any order, numbers by value and not by spelling.
    ///
    /// Source: RFC 6902 section 4.6. Nesting is bounded by the depth that both documents were read with.
    public func isEqual(to other: Value) -> Bool {
        guard kind == other.kind, count == other.count else { return false }
        switch kind {
        case .null: return true
        case .boolean: return boolean == other.boolean
        case .string: return text.elementsEqual(other.text)
        case .number: return Decimal(source) == Decimal(other.source)
        case .array: return zip(elements, other.elements).allSatisfy { $0.isEqual(to: $1) }
        case .object:
            // By bytes, as `String` takes different spellings of one accented letter for the same key.
            var theirs: [[UInt8]: Value] = [:]
            for (key, value) in other.members { theirs[Array(key.utf8)] = value }
            return members.allSatisfy { key, value in theirs[Array(key.utf8)].map { value.isEqual(to: $0) } ?? false }
        }
    }

    private var text: [UInt8] { Array((string ?? "").utf8) }
}

/// A number without its spelling: digits without zeros at either end, times a power of ten.
private struct Decimal: Equatable {
    var isNegative = false
    var digits: [UInt8] = []
    /// Text where it is too large to count with; equal exponents are then spelled alike, but for zeros.
    var exponent = 0
    var hugeExponent: [UInt8] = []

    init(_ text: [UInt8]) {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
        var fraction = 0
        var pastPoint = false
        for byte in parts.first ?? [] {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): pastPoint = true
            default:
                if pastPoint { fraction += 1 }
                if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte) }
            }
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            fraction -= 1
        }
        guard !digits.isEmpty else {
            isNegative = false
            return
        }
        let written = parts.count > 1 ? Array(parts[1]) : []
        // 15 digits and the length of a text are far from overflow together.
        if let small = Int(String(decoding: written, as: UTF8.self)), small.magnitude < 1_000_000_000_000_000 {
            exponent = small - fraction
        } else {
            exponent = -fraction
            hugeExponent = written
        }
    }
}

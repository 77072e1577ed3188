import JSON

/// Integers as certificates hold them: bytes in two's complement, the highest first.
enum BigInteger {
    /// The largest that is written out, in bytes: an RSA key of 16,384 bits.
    static let maximumLength = 2049

    /// The decimal digits.
    static func decimal(_ bytes: ArraySlice<UInt8>) throws(X509Problem) -> String {
        guard let first = bytes.first, bytes.count <= maximumLength else { throw X509Problem.malformed }
        var magnitude = Array(bytes)
        let isNegative = first >= 0x80
        if isNegative {
            var carry = true
            for index in magnitude.indices.reversed() {
                magnitude[index] = ~magnitude[index]
                if carry { (magnitude[index], carry) = magnitude[index].addingReportingOverflow(1) }
            }
        }
        // Nine digits at a time off the low end.
        var groups: [UInt64] = []
        while magnitude.contains(where: { $0 != 0 }) {
            var rest: UInt64 = 0
            for index in magnitude.indices {
                let value = rest << 8 | UInt64(magnitude[index])
                magnitude[index] = UInt8(value / 1_000_000_000)
                rest = value % 1_000_000_000
            }
            groups.append(rest)
            magnitude.removeFirst(magnitude.prefix { $0 == 0 }.count)
        }
        guard let top = groups.popLast() else { return "0" }
        let digits = groups.reversed().map { group in String(String(1_000_000_000 + group).dropFirst()) }
        return (isNegative ? "-" : "") + String(top) + digits.joined()
    }

    /// The integer as a number with all of its digits.
    static func node(_ bytes: ArraySlice<UInt8>) throws(X509Problem) -> Node {
        let text = try decimal(bytes)
        guard let document = try? Document(text: text) else { throw X509Problem.malformed }
        return .json(document.root)
    }
}

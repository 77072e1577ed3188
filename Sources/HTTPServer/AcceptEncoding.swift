/// The Accept-Encoding field, as far as gzip is concerned.
///
/// Source: RFC 9110 12.5.3 and 12.4.2.
enum AcceptEncoding {
    /// Whether `value` takes gzip, and does not like the identity better. What cannot be read is not taken.
    static func takesGzip(_ value: some StringProtocol) -> Bool {
        var gzip: Int?
        var identity: Int?
        var anything: Int?
        for element in value.lowercased().split(separator: ",") {
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(trim)
            guard let weight = weight(of: parts.dropFirst()) else { continue }
            switch parts.first {
            case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
            case "identity": identity = weight
            case "*": anything = weight
            default: continue
            }
        }
        guard let chosen = gzip ?? anything else { return false }
        return chosen > 0 && chosen >= identity ?? 0
    }

    /// The `q` among an element's parameters in thousandths, 1000 when there is none, nil when it is malformed.
    private static func weight(of parameters: ArraySlice<Substring>) -> Int? {
        guard let parameter = parameters.first else { return 1000 }
        guard parameters.count == 1, parameter.hasPrefix("q=") else { return nil }
        let digits = parameter.dropFirst(2).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard digits[0] == "0" || digits[0] == "1" else { return nil }
        let fraction = digits.count == 2 ? digits[1] : ""
        guard fraction.utf8.count <= 3, fraction.utf8.allSatisfy({ Octet.isDigit.contains($0) }) else { return nil }
        let thousandths = Int(fraction + String(repeating: "0", count: 3 - fraction.utf8.count)) ?? 0
        let weight = (digits[0] == "1" ? 1000 : 0) + thousandths
        return weight <= 1000 ? weight : nil
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, first == Octet.space || first == Octet.tab { text = text.dropFirst() }
        while let last = text.utf8.last, last == Octet.space || last == Octet.tab { text = text.dropLast() }
        return text
    }
}

/// The grammar of image names, as bytes.
///
/// Source: distribution/reference ("Grammar"), which kubelets and container runtimes parse references with.
enum ReferenceGrammar {
    /// distribution's RepositoryNameTotalLengthMax.
    static let maximumPathLength = 255
    /// The grammar's `{0,127}` after the first character.
    static let maximumTagLength = 128
    /// The longest host name that DNS can hold.
    static let maximumHostLength = 253
    /// Host, port, path, tag and digest at their longest, with separators; nothing longer can be a reference, so
    /// nothing longer is looked at.
    static let maximumLength = 253 + 6 + 1 + maximumPathLength + 1 + maximumTagLength + 1 + 71

    /// `/[\w][\w.-]{0,127}/`
    static func isTag(_ tag: Substring) -> Bool {
        guard let first = tag.utf8.first, isWord(first), tag.utf8.count <= maximumTagLength else { return false }
        return tag.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// `component ('/' component)*`; what is wrong with it, or nil.
    ///
    /// A component is `[a-z0-9]+ (separator [a-z0-9]+)*`, where a separator is `.`, `_`, `__`, or any number of `-`.
    static func problem(inPath path: Substring) -> ReferenceError.Problem? {
        if path.utf8.contains(where: isUpper) { return .upperCasePath }
        guard path.utf8.count <= maximumPathLength else { return .pathTooLong }
        // The separator that is being read: its byte and how often it came. None before anything else came.
        var separator = UInt8(ascii: "/")
        var repetitions = 1
        for byte in path.utf8 {
            if isLower(byte) || isDigit(byte) {
                repetitions = 0
            } else if repetitions == 0, isSeparator(byte) {
                (separator, repetitions) = (byte, 1)
            } else if repetitions > 0, byte == separator, byte == UInt8(ascii: "-") {
                repetitions += 1
            } else if repetitions == 1, byte == separator, byte == UInt8(ascii: "_") {
                repetitions += 1
            } else {
                return .path
            }
        }
        return repetitions == 0 ? nil : .path
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// A domain name, an IPv4 address, or an IPv6 address in brackets.
    static func isHost(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= maximumHostLength else { return false }
        if host.utf8.first == UInt8(ascii: "[") { return isBracketedIPv6(host) }
        // Labels of letters, digits and hyphens between dots; no hyphen begins or ends one.
        var previous = UInt8(ascii: ".")
        for byte in host.utf8 {
            switch byte {
            case UInt8(ascii: "."): guard isAlphanumeric(previous) else { return false }
            case UInt8(ascii: "-"): guard previous != UInt8(ascii: ".") else { return false }
            default: guard isAlphanumeric(byte) else { return false }
            }
            previous = byte
        }
        return isAlphanumeric(previous)
    }

    /// `[` hex groups and colons `]`; at most 8 groups of at most 4 digits, at most one `::`.
    private static func isBracketedIPv6(_ host: Substring) -> Bool {
        guard host.utf8.last == UInt8(ascii: "]") else { return false }
        let groups = host.utf8.dropFirst().dropLast()
            .split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard groups.count >= 3, groups.allSatisfy({ $0.count <= 4 && $0.allSatisfy(isHexDigit) }) else { return false }
        // An empty group is half of a `::`: one in the middle, or two at either end, or three for `::` alone.
        let empties = groups.indices.filter { groups[$0].isEmpty }
        guard let first = empties.first, let last = empties.last else { return groups.count == 8 }
        guard last - first + 1 == empties.count, groups.count <= 9 else { return false }
        switch empties.count {
        case 1: return first > 0 && last < groups.count - 1 && groups.count <= 8
        case 2: return first == 0 || last == groups.count - 1
        case 3: return groups.count == 3
        default: return false
        }
    }

    /// A port from 1 to 65535, leading zeros dropped.
    static func port(_ digits: Substring) -> Int? {
        guard !digits.isEmpty, digits.utf8.count <= 5, digits.utf8.allSatisfy(isDigit), let port = Int(digits) else {
            return nil
        }
        return (1...65535).contains(port) ? port : nil
    }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte) || isUpper(byte) }
    private static func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }
}

/// The classes of octets that HTTP's grammar names.
///
/// Source: RFC 9110 5.5 and 5.6.2, RFC 9112 3.2, RFC 3986.
enum Octet {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20

    /// `tchar`: what methods and field names are made of. One bit an octet, so that a test is a shift.
    static func isToken(_ octet: UInt8) -> Bool {
        if octet < 64 { return (0x03FF_6CFA_0000_0000 as UInt64 >> UInt64(octet)) & 1 == 1 }
        if octet < 128 { return (0x57FF_FFFF_C7FF_FFFE as UInt64 >> UInt64(octet - 64)) & 1 == 1 }
        return false
    }

    /// What a field value may hold: visible ASCII, space, tab and, as RFC 9110 says, octets over 127.
    static func isFieldValue(_ octet: UInt8) -> Bool {
        (octet >= space && octet != 0x7F) || octet == tab
    }

    /// What a request target may hold: visible ASCII, and no fragment.
    static func isTarget(_ octet: UInt8) -> Bool {
        octet > space && octet < 0x7F && octet != UInt8(ascii: "#")
    }

    /// What a Host value may hold: names, addresses in brackets, a port. No comma, slash, `@` or space, on which two
    /// readers could disagree about the host.
    static func isHost(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), isDigit: true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "%"), UInt8(ascii: "~"): true
        default: false
        }
    }

    static let isDigit = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// The value of a hexadecimal digit, or nil.
    static func hexadecimal(_ octet: UInt8) -> Int? {
        switch octet {
        case isDigit: Int(octet - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(octet - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(octet - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    static func lowercase(_ octet: UInt8) -> UInt8 {
        octet >= UInt8(ascii: "A") && octet <= UInt8(ascii: "Z") ? octet | 0x20 : octet
    }
}

extension Span<UInt8> {
    /// Whether the octets are `lowercased`, ASCII letters of either case being equal.
    func equalsIgnoringCase(_ lowercased: String) -> Bool {
        guard count == lowercased.utf8.count else { return false }
        var index = 0
        for octet in lowercased.utf8 {
            guard Octet.lowercase(self[index]) == octet else { return false }
            index += 1
        }
        return true
    }

    /// The octets without spaces and tabs at either end.
    func trimmedRange(_ range: Range<Int>) -> Range<Int> {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        while lower < upper, self[lower] == Octet.space || self[lower] == Octet.tab { lower += 1 }
        while lower < upper, self[upper - 1] == Octet.space || self[upper - 1] == Octet.tab { upper -= 1 }
        return lower..<upper
    }
}

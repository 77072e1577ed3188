/// What a plain scalar means to Kubernetes.
///
/// Source: the behaviour of `sigs.k8s.io/yaml`, whose reader is go-yaml 2: YAML 1.1's booleans and octal numbers, no
/// base 60, and timestamps that stay text.
enum Scalar: Equatable {
    case null
    case boolean(Bool)
    /// As JSON writes it.
    case integer(String)
    /// As JSON writes it.
    case float(String)
    case notFinite
    /// An integer of more than 64 bits that is not written in decimal.
    case integerTooLarge
    case text(String)

    init(plain text: String) {
        self = Self.word(text) ?? Self.number(text) ?? .text(text)
    }

    private static func word(_ text: String) -> Scalar? {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": .boolean(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": .boolean(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            .notFinite
        default: nil
        }
    }

    /// Nil for what is not a number.
    private static func number(_ text: String) -> Scalar? {
        guard let first = text.utf8.first else { return nil }
        switch first {
        case UInt8(ascii: "."):
            // Underscores separate digits only where a digit or a sign comes first.
            return text.utf8.contains(UInt8(ascii: "_")) ? nil : float(Array(text.utf8))
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            let plain = text.utf8.filter { $0 != UInt8(ascii: "_") }
            return integer(plain) ?? float(plain)
        default: return nil
        }
    }

    private static func integer(_ text: [UInt8]) -> Scalar? {
        let isNegative = text.first == UInt8(ascii: "-")
        var digits = text[...]
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var radix: UInt64 = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst(1))
            }
        }
        guard !digits.isEmpty, digits.allSatisfy({ digit($0).map { $0 < radix } ?? false }) else { return nil }
        let sign = isNegative ? "-" : ""
        // Decimal digits are JSON's own, however many there are.
        if radix == 10 {
            let number = String(decoding: digits, as: UTF8.self)
            return .integer(number == "0" ? number : sign + number)
        }
        var magnitude: UInt64 = 0
        for byte in digits {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: radix)
            guard !overflow, let digit = digit(byte) else { return .integerTooLarge }
            // The radix is a power of two, so the product has room for the digit.
            magnitude = product | digit
        }
        if isNegative, magnitude > Int64.min.magnitude { return .integerTooLarge }
        return .integer(magnitude == 0 ? "0" : sign + String(magnitude))
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, spelled as JSON has it.
    private static func float(_ text: [UInt8]) -> Scalar? {
        var rest = text[...]
        func take(while matches: (UInt8) -> Bool) -> ArraySlice<UInt8> {
            let taken = rest.prefix(while: matches)
            rest = rest.dropFirst(taken.count)
            return taken
        }
        func takeOne(_ first: Character, or second: Character) -> UInt8? {
            guard let byte = rest.first, byte == first.asciiValue || byte == second.asciiValue else { return nil }
            rest = rest.dropFirst()
            return byte
        }
        let isDigit = { (byte: UInt8) in byte &- UInt8(ascii: "0") < 10 }

        let sign = takeOne("-", or: "+")
        let whole = take(while: isDigit)
        let hasPoint = takeOne(".", or: ".") != nil
        let fraction = hasPoint ? take(while: isDigit) : []
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var json = sign == UInt8(ascii: "-") ? "-" : ""
        let significant = whole.drop { $0 == UInt8(ascii: "0") }
        json += significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self)
        if !fraction.isEmpty { json += "." + String(decoding: fraction, as: UTF8.self) }
        if takeOne("e", or: "E") != nil {
            json += "e"
            if let exponentSign = takeOne("-", or: "+") { json.unicodeScalars.append(UnicodeScalar(exponentSign)) }
            let exponent = take(while: isDigit)
            guard !exponent.isEmpty else { return nil }
            json += String(decoding: exponent, as: UTF8.self)
        }
        guard rest.isEmpty else { return nil }
        // A number beyond what a double holds is text to Kubernetes.
        guard let number = Double(json), number.isFinite else { return nil }
        return .float(json)
    }
}

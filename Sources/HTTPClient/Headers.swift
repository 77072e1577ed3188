extension HTTPClient {
    /// A response's header fields in the order in which they came. Names compare without regard to case (RFC 9110 5.1).
    public struct Headers: Sendable {
        public private(set) var fields: [(name: String, value: String)] = []

        public init() {}

        /// The first value of `name`.
        public subscript(name: String) -> String? {
            fields.first { $0.name.isEqualIgnoringCase(to: name) }?.value
        }

        /// Every value of `name`, one for each line that the server sent.
        public func all(_ name: String) -> [String] {
            fields.filter { $0.name.isEqualIgnoringCase(to: name) }.map(\.value)
        }

        mutating func append(name: String, value: String) {
            fields.append((name, value))
        }
    }
}

extension String {
    /// Whether both are the same but for the case of ASCII letters.
    func isEqualIgnoringCase(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8) { $0.lowercasedASCII == $1.lowercasedASCII }
    }

    var lowercasedASCII: String {
        String(decoding: utf8.map(\.lowercasedASCII), as: UTF8.self)
    }

    /// The text without spaces and tabs at either end (RFC 9110 5.5).
    var trimmingBlanks: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let last = lastIndex(where: { !blank($0) }) else { return "" }
        return String(self[...last].drop(while: blank))
    }
}

extension UInt8 {
    var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

    /// tchar of RFC 9110 5.6.2: what a method or a field name is made of.
    var isTokenCharacter: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}

/// Reads DER, one element after the other.
///
/// Source: ITU-T X.690.
struct DERReader {
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
        /// Tag, length and content.
        let encoding: ArraySlice<UInt8>

        var reader: DERReader { DERReader(content) }
    }

    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next element, with tags of one byte and lengths below 2²⁴, as certificates have them.
    mutating func next() throws(X509Problem) -> Element {
        let start = rest.startIndex
        guard rest.count >= 2, rest[start] & 0x1F != 0x1F else { throw X509Problem.malformed }
        var length = Int(rest[start + 1])
        var headerLength = 2
        if length >= 0x80 {
            let count = length & 0x7F
            guard (1...3).contains(count), rest.count >= 2 + count else { throw X509Problem.malformed }
            length = rest[(start + 2)..<(start + 2 + count)].reduce(0) { $0 << 8 | Int($1) }
            headerLength += count
        }
        guard rest.count >= headerLength + length else { throw X509Problem.malformed }
        let encoding = rest.prefix(headerLength + length)
        rest = rest.dropFirst(headerLength + length)
        return Element(tag: encoding[start], content: encoding.dropFirst(headerLength), encoding: encoding)
    }

    mutating func next(_ tag: UInt8) throws(X509Problem) -> Element {
        let element = try next()
        guard element.tag == tag else { throw X509Problem.malformed }
        return element
    }

    /// The next element if it has the tag, which stays where it is otherwise.
    mutating func nextIf(_ tag: UInt8) throws(X509Problem) -> Element? {
        rest.first == tag ? try next() : nil
    }

    /// All elements that are left.
    mutating func remaining() throws(X509Problem) -> [Element] {
        var elements: [Element] = []
        while !isAtEnd { elements.append(try next()) }
        return elements
    }
}

/// Why text is no certificate that can be shown.
struct X509Problem: Error {
    let reason: String

    static let malformed = X509Problem(reason: "the certificate is malformed")
}

enum DERTag {
    static let boolean: UInt8 = 0x01
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let objectIdentifier: UInt8 = 0x06
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18

    /// `[n]` of a constructed type.
    static func context(_ number: UInt8) -> UInt8 { 0xA0 | number }
    /// `[n]` of a primitive type.
    static func primitive(_ number: UInt8) -> UInt8 { 0x80 | number }
}

extension DERReader.Element {
    /// The numbers of an object identifier.
    func identifier() throws(X509Problem) -> [Int] {
        guard tag == DERTag.objectIdentifier, let last = content.last, last < 0x80 else { throw X509Problem.malformed }
        var numbers: [Int] = []
        var number = 0
        for byte in content {
            guard number < 1 << 40 else { throw X509Problem.malformed }
            number = number << 7 | Int(byte & 0x7F)
            guard byte < 0x80 else { continue }
            if numbers.isEmpty {
                let first = min(number / 40, 2)
                numbers = [first, number - 40 * first]
            } else {
                numbers.append(number)
            }
            number = 0
        }
        return numbers
    }

    /// A bit string that is bytes.
    func bits() throws(X509Problem) -> ArraySlice<UInt8> {
        guard tag == DERTag.bitString, let unused = content.first, unused < 8 else { throw X509Problem.malformed }
        return content.dropFirst()
    }

    /// A small integer that is not negative.
    func smallInteger() throws(X509Problem) -> Int {
        guard tag == DERTag.integer, let first = content.first, first < 0x80, content.count <= 7 else {
            throw X509Problem.malformed
        }
        return content.reduce(0) { $0 << 8 | Int($1) }
    }

    /// UTCTime or GeneralizedTime in UTC, as RFC 5280 has them.
    func time() throws(X509Problem) -> Timestamp {
        var text = String(decoding: content, as: UTF8.self)
        if tag == DERTag.utcTime { text = (text.prefix(2) >= "50" ? "19" : "20") + text }
        let isTime = tag == DERTag.utcTime || tag == DERTag.generalizedTime
        guard isTime, let time = TimeLayout("20060102150405Z0700").parse(text) else { throw X509Problem.malformed }
        return time
    }
}

/// The extensions of certificates.
///
/// Source: RFC 5280 section 4.2.
enum CertificateExtensions {
    static func add(_ extensions: [DERReader.Element], to object: inout ObjectNode) throws(X509Problem) {
        object.set("BasicConstraintsValid", to: .boolean(false))
        object.set("IsCA", to: .boolean(false))
        object.set("MaxPathLen", to: X509Decoder.number(0))
        object.set("MaxPathLenZero", to: .boolean(false))
        object.set("KeyUsage", to: X509Decoder.number(0))
        for key in absent { object.set(key, to: .null) }
        var list: [Node] = []
        for element in extensions {
            var reader = element.reader
            let identifier = try reader.next().identifier()
            let isCritical = try reader.nextIf(DERTag.boolean)?.content.first == 0xFF
            let value = try reader.next(DERTag.octetString).content
            var entry = ObjectNode()
            entry.set("Id", to: .array(identifier.map(X509Decoder.number)))
            entry.set("Critical", to: .boolean(isCritical))
            entry.set("Value", to: X509Decoder.base64(value))
            list.append(.object(entry))
            guard identifier.count == 4, identifier.starts(with: [2, 5, 29]) else { continue }
            try add(identifier[3], DERReader(value), to: &object)
        }
        object.set("Extensions", to: list.isEmpty ? .null : .array(list))
    }

    /// What is null where no extension says otherwise.
    private static let absent = [
        "AuthorityKeyId", "DNSNames", "EmailAddresses", "ExtKeyUsage", "ExtraExtensions", "IPAddresses", "SubjectKeyId",
        "URIs",
    ]

    /// - Parameter number: What follows 2.5.29 in the extension's identifier.
    private static func add(_ number: Int, _ value: DERReader, to object: inout ObjectNode) throws(X509Problem) {
        var reader = value
        switch number {
        case 14: object.set("SubjectKeyId", to: X509Decoder.base64(try reader.next(DERTag.octetString).content))
        case 15: object.set("KeyUsage", to: X509Decoder.number(try keyUsage(try reader.next().bits())))
        case 17: try addNames(try reader.next(DERTag.sequence), to: &object)
        case 19:
            var parts = try reader.next(DERTag.sequence).reader
            object.set("BasicConstraintsValid", to: .boolean(true))
            object.set("IsCA", to: .boolean(try parts.nextIf(DERTag.boolean)?.content.first == 0xFF))
            let length = try parts.nextIf(DERTag.integer)?.smallInteger()
            object.set("MaxPathLen", to: X509Decoder.number(length ?? -1))
            object.set("MaxPathLenZero", to: .boolean(length == 0))
        case 35:
            var parts = try reader.next(DERTag.sequence).reader
            if let key = try parts.nextIf(DERTag.primitive(0)) {
                object.set("AuthorityKeyId", to: X509Decoder.base64(key.content))
            }
        case 37:
            var parts = try reader.next(DERTag.sequence).reader
            var usages: [Node] = []
            for part in try parts.remaining() {
                if let usage = extendedKeyUsages[try part.identifier()] { usages.append(X509Decoder.number(usage)) }
            }
            object.set("ExtKeyUsage", to: .array(usages))
        default: break
        }
    }

    /// Go counts the first bit, digitalSignature, as 1.
    private static func keyUsage(_ bits: ArraySlice<UInt8>) throws(X509Problem) -> Int {
        var usage = 0
        for (index, byte) in bits.prefix(2).enumerated() {
            for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 { usage |= 1 << (8 * index + bit) }
        }
        return usage
    }

    private static func addNames(_ names: DERReader.Element, to object: inout ObjectNode) throws(X509Problem) {
        var lists: [String: [Node]] = [:]
        var reader = names.reader
        for name in try reader.remaining() {
            let text = String(decoding: name.content, as: UTF8.self)
            switch name.tag {
            case DERTag.primitive(1): lists["EmailAddresses", default: []].append(.string(text))
            case DERTag.primitive(2): lists["DNSNames", default: []].append(.string(text))
            case DERTag.primitive(6): lists["URIs", default: []].append(.string(text))
            case DERTag.primitive(7):
                guard let address = Address(bytes: Array(name.content)) else { throw X509Problem.malformed }
                lists["IPAddresses", default: []].append(.string(address.description))
            default: break
            }
        }
        for (key, list) in lists { object.set(key, to: .array(list)) }
    }

    /// Go's numbers for the usages of RFC 5280.
    private static let extendedKeyUsages: [[Int]: Int] = [
        [2, 5, 29, 37, 0]: 0, [1, 3, 6, 1, 5, 5, 7, 3, 1]: 1, [1, 3, 6, 1, 5, 5, 7, 3, 2]: 2,
        [1, 3, 6, 1, 5, 5, 7, 3, 3]: 3, [1, 3, 6, 1, 5, 5, 7, 3, 4]: 4, [1, 3, 6, 1, 5, 5, 7, 3, 8]: 8,
        [1, 3, 6, 1, 5, 5, 7, 3, 9]: 9,
    ]
}

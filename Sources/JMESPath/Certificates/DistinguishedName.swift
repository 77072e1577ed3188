/// The names of issuers and subjects.
///
/// Source: RFC 5280 section 4.1.2.4.
enum DistinguishedName {
    /// Attributes under 2.5.4 that occur once, and those that may occur often.
    private static let single = [3: "CommonName", 5: "SerialNumber"]
    private static let multiple = [
        6: "Country", 7: "Locality", 8: "Province", 9: "StreetAddress", 10: "Organization", 11: "OrganizationalUnit",
        17: "PostalCode",
    ]

    static func node(_ name: DERReader.Element) throws(X509Problem) -> Node {
        var names: [Node] = []
        var texts: [String: String] = [:]
        var lists: [String: [Node]] = [:]
        var reader = name.reader
        for relative in try reader.remaining() {
            var set = relative.reader
            for attribute in try set.remaining() {
                var pair = attribute.reader
                let type = try pair.next().identifier()
                let value = try text(try pair.next())
                var entry = ObjectNode()
                entry.set("Type", to: .array(type.map(X509Decoder.number)))
                entry.set("Value", to: .string(value))
                names.append(.object(entry))
                guard type.count == 4, type.starts(with: [2, 5, 4]) else { continue }
                if let key = single[type[3]] { texts[key] = value }
                if let key = multiple[type[3]] { lists[key, default: []].append(.string(value)) }
            }
        }
        var object = ObjectNode()
        for key in single.values.sorted() { object.set(key, to: .string(texts[key] ?? "")) }
        for key in multiple.values.sorted() { object.set(key, to: lists[key].map { .array($0) } ?? .null) }
        object.set("Names", to: .array(names))
        object.set("ExtraNames", to: .null)
        return .object(object)
    }

    /// A string of any of the types that names have; BMPString has two bytes a character.
    private static func text(_ element: DERReader.Element) throws(X509Problem) -> String {
        guard element.tag == 0x1E else {
            guard let text = String(validating: element.content, as: UTF8.self) else { throw X509Problem.malformed }
            return text
        }
        guard element.content.count % 2 == 0 else { throw X509Problem.malformed }
        let bytes = Array(element.content)
        let units = stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        return String(decoding: units, as: UTF16.self)
    }
}

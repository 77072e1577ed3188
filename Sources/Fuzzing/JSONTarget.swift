import JSON

/// The parser, and what can be asked of what it takes. A document written again reads the same.
enum JSONTarget: FuzzTarget {
    static let name = "json"

    static func run(_ bytes: [UInt8]) {
        let lenient = try? Document(bytes, duplicateKeys: .keepLast)
        guard let document = try? Document(bytes) else { return }
        require(lenient != nil, "what strict reading takes, lenient reading takes")
        visit(document.root)
        var writer = Writer()
        writer.value(document.root)
        require((try? Document(writer.bytes)) != nil, "what is written can be read")
    }

    private static func visit(_ value: Value) {
        _ = (value.double, value.integer, value.boolean, value.description)
        if let string = value.string {
            require(value.equals(string), "a string equals itself")
            var writer = Writer()
            writer.string(string)
            require((try? Document(writer.bytes))?.root.string == string, "a string written reads the same")
        }
        for element in value.elements { visit(element) }
        for (key, member) in value.members {
            require(value[key] != nil, "a member is found by its key")
            visit(member)
        }
    }
}

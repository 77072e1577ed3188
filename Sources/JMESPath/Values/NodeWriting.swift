public import JSON

extension Node {
    /// Appends the value as JSON without white space; numbers of a document as they were written there.
    ///
    /// A value is at most as deep as the input was, and the query is, together.
    public func write(to writer: inout Writer) {
        switch kind {
        case .null: writer.null()
        case .boolean: writer.boolean(boolean ?? false)
        case .number: writer.raw(Array((numberText ?? "null").utf8))
        case .string: writer.string(string ?? "")
        case .array:
            writer.beginArray()
            for element in elements ?? [] { element.write(to: &writer) }
            writer.endArray()
        case .object:
            writer.beginObject()
            for member in members ?? [] {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// The value as JSON without white space.
    public var json: String {
        var writer = Writer()
        write(to: &writer)
        return writer.text
    }
}

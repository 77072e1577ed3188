import JSON

extension Report {
    /// `{"results": […], "summary": {"pass", "fail", "skip", "error"}}` for programs.
    ///
    /// A result that is about a rule as a whole has no `image`; `patch` (RFC 6902) stands where the image would be
    /// pinned, and `denies` tells a failure that denies from one that is only reported.
    public var json: [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("results")
        writer.beginArray()
        for row in rows { Self.write(row, to: &writer) }
        writer.endArray()
        writer.key("summary")
        writer.beginObject()
        for result in Row.Result.allCases {
            writer.key(result.rawValue)
            writer.integer(count(result))
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ row: Row, to writer: inout Writer) {
        func text(_ key: String, _ value: String?) {
            guard let value else { return }
            writer.key(key)
            writer.string(value)
        }
        writer.beginObject()
        writer.key("resource")
        writer.beginObject()
        text("kind", row.kind)
        text("namespace", row.namespace)
        text("name", row.name)
        writer.endObject()
        text("policy", row.policy)
        text("rule", row.rule)
        text("image", row.image)
        text("result", row.result.rawValue)
        text("message", row.message)
        text("digest", row.digest?.description)
        if !row.patch.isEmpty {
            writer.key("patch")
            Patch(operations: row.patch).write(to: &writer)
        }
        writer.key("denies")
        writer.boolean(row.denies)
        writer.endObject()
    }
}

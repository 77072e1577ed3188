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
        for row in rows { row.write(to: &writer) }
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
}

extension Row {
    /// As one of the `results` of a report for programs.
    public func write(to writer: inout Writer) {
        func text(_ key: String, _ value: String?) {
            guard let value else { return }
            writer.key(key)
            writer.string(value)
        }
        writer.beginObject()
        writer.key("resource")
        writer.beginObject()
        text("kind", kind)
        text("namespace", namespace)
        text("name", name)
        writer.endObject()
        text("policy", policy)
        text("rule", rule)
        text("image", image)
        text("result", result.rawValue)
        text("message", message)
        text("digest", digest?.description)
        if !patch.isEmpty {
            writer.key("patch")
            Patch(operations: patch).write(to: &writer)
        }
        writer.key("denies")
        writer.boolean(denies)
        writer.endObject()
    }
}

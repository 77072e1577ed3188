extension Patch {
    /// The document after all operations, each of which sees what those before it did.
    ///
    /// Every operation splices its value into the text, so that whatever it does not name stays as it was written.
    ///
    /// Source: RFC 6902 sections 4 and 5.
    /// - Throws: ``PatchError`` for the first operation that cannot be done.
    public func apply(to document: Document) throws(PatchError) -> Document {
        var current = document
        if document.hasSupersededMembers {
            // A splice keeps the text around it, and that must not bring back members that do not count.
            var writer = Writer()
            writer.value(document.root)
            current = try Self.parse(writer.bytes, operation: 0)
        }
        for (number, operation) in operations.enumerated() {
            let splice: Splice?
            switch operation.kind {
            case .add: splice = Splice(adding: operation.value ?? [], at: operation.path, to: current)
            case .remove: splice = Splice(removing: operation.path, from: current)
            case .replace:
                splice = current.root.value(at: operation.path).map {
                    Splice(range: $0.sourceRange, text: operation.value ?? [])
                }
            case .test:
                let expected = try Self.parse(operation.value ?? [], operation: number)
                guard let actual = current.root.value(at: operation.path) else {
                    throw .missing(operation: number, path: operation.path)
                }
                guard actual.isEqual(to: expected.root) else {
                    throw .testFailed(operation: number, path: operation.path)
                }
                continue
            }
            guard let splice else { throw .missing(operation: number, path: operation.path) }
            if let value = operation.value {
                // By itself first: a value such as `1,"a":2` must not become two members.
                _ = try Self.parse(value, operation: number)
            }
            var bytes = current.bytes
            bytes.replaceSubrange(splice.range, with: splice.text)
            current = try Self.parse(bytes, operation: number)
        }
        return current
    }

    private static func parse(_ bytes: [UInt8], operation: Int) throws(PatchError) -> Document {
        do { return try Document(bytes) } catch { throw .invalidValue(operation: operation, error) }
    }
}

/// A range of a document's text and what comes in its place.
private struct Splice {
    var range: Range<Int>
    var text: [UInt8]

    init(range: Range<Int>, text: [UInt8]) {
        self.range = range
        self.text = text
    }

    /// Nil where the place that would hold the value does not exist.
    init?(adding value: [UInt8], at path: Pointer, to document: Document) {
        guard let last = path.tokens.last else {
            self.init(range: document.root.sourceRange, text: value)
            return
        }
        guard let parent = document.root.value(at: Pointer(tokens: path.tokens.dropLast())) else { return nil }
        let end = parent.sourceRange.upperBound - 1
        let separator = parent.count == 0 ? "" : ","
        switch parent.kind {
        case .object:
            if let existing = parent[last] {
                self.init(range: existing.sourceRange, text: value)
            } else {
                var writer = Writer()
                writer.key(last)
                writer.raw(value)
                self.init(range: end..<end, text: separator.utf8 + writer.bytes)
            }
        case .array:
            guard let index = last == "-" ? parent.count : Pointer.index(last), index <= parent.count else {
                return nil
            }
            if let next = parent[index] {
                let start = next.sourceRange.lowerBound
                self.init(range: start..<start, text: value + ",".utf8)
            } else {
                self.init(range: end..<end, text: separator.utf8 + value)
            }
        default: return nil
        }
    }

    /// Nil where there is nothing to remove, and for the whole document.
    init?(removing path: Pointer, from document: Document) {
        guard document.root.value(at: path) != nil, let last = path.tokens.last,
            let parent = document.root.value(at: Pointer(tokens: path.tokens.dropLast()))
        else { return nil }

        // The parts are the elements, or the members with their keys: one goes, and one comma with it.
        let parts: [Range<Int>]
        let target: Int
        if parent.kind == .object {
            parts = parent.memberRanges
            guard let position = parent.members.map(\.key).firstIndex(where: { $0.utf8.elementsEqual(last.utf8) })
            else { return nil }
            target = position
        } else {
            parts = parent.elements.map(\.sourceRange)
            guard let position = Pointer.index(last) else { return nil }
            target = position
        }
        if target + 1 < parts.count {
            self.init(range: parts[target].lowerBound..<parts[target + 1].lowerBound, text: [])
        } else if target > 0 {
            self.init(range: parts[target - 1].upperBound..<parts[target].upperBound, text: [])
        } else {
            self.init(range: parts[target], text: [])
        }
    }
}

extension Value {
    /// Where each member's text lies, from its key's quote to the end of its value.
    fileprivate var memberRanges: [Range<Int>] {
        var ranges: [Range<Int>] = []
        var position = index + 1
        while position < entry.payload {
            let value = Value(document: document, index: position + 1)
            ranges.append((document.tape[position].offset - 1)..<value.sourceRange.upperBound)
            position = document.index(after: position + 1)
        }
        return ranges
    }
}

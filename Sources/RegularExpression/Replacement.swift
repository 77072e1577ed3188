extension Pattern {
    /// `text` with every match replaced.
    ///
    /// In `template`, `$1`, `${1}`, `$name` and `${name}` stand for what a group took, and `$$` for a dollar sign; a name
    /// that no group has stands for nothing. Matches do not overlap, and an empty one does not follow another match
    /// at once.
    ///
    /// Source: Go's `regexp.ReplaceAll` and `Expand`.
    /// - Parameter steps: How many instructions may be visited, and bytes be made; those that were are taken off.
    public func replacingAll(
        in text: String,
        with template: String,
        steps: inout Int
    ) throws(StepLimitExceeded) -> String {
        try replacingAll(in: text, with: Template(template, names: names), &steps)
    }

    /// `text` with every match replaced by `replacement` as it is.
    ///
    /// Source: Go's `regexp.ReplaceAllLiteral`.
    /// - Parameter steps: See ``replacingAll(in:with:steps:)``.
    public func replacingAllLiterally(
        in text: String,
        with replacement: String,
        steps: inout Int
    ) throws(StepLimitExceeded) -> String {
        try replacingAll(in: text, with: Template(literal: replacement), &steps)
    }

    private func replacingAll(
        in text: String,
        with template: Template,
        _ steps: inout Int
    ) throws(StepLimitExceeded) -> String {
        let text = Array(text.utf8)
        var matcher = Matcher(program, text, capturing: true)
        var result: [UInt8] = []
        var copied = 0
        var position = 0
        while position <= text.count, let slots = try matcher.run(from: position, steps: &steps) {
            let (start, end) = (slots[0], slots[1])
            result.append(contentsOf: text[copied..<start])
            if end > copied || start == 0 { template.append(slots, of: text, to: &result) }
            copied = end
            steps -= result.count / 100
            guard steps >= 0 else { throw StepLimitExceeded() }
            // An empty match must not be found again.
            position = end > position ? end : Self.endOfScalar(in: text, at: position)
        }
        result.append(contentsOf: text[copied...])
        return String(decoding: result, as: UTF8.self)
    }

    private static func endOfScalar(in text: [UInt8], at position: Int) -> Int {
        var next = position + 1
        // Bytes 10xxxxxx continue a character.
        while next < text.count, text[next] & 0b1100_0000 == 0b1000_0000 { next += 1 }
        return next
    }
}

/// What a match is replaced with.
private struct Template {
    private enum Part {
        case text([UInt8])
        case group(Int)
    }

    private var parts: [Part] = []

    init(literal: String) { parts = [.text(Array(literal.utf8))] }

    init(_ template: String, names: [String: Int]) {
        var rest = template[...]
        while let dollar = rest.firstIndex(of: "$") {
            parts.append(.text(Array(rest[..<dollar].utf8)))
            rest = rest[dollar...].dropFirst()
            if rest.first == "$" {
                parts.append(.text([UInt8(ascii: "$")]))
                rest = rest.dropFirst()
            } else if let name = Self.takeName(&rest) {
                if let index = Int(name) ?? names[name], index >= 0 { parts.append(.group(index)) }
            } else {
                parts.append(.text([UInt8(ascii: "$")]))
            }
        }
        parts.append(.text(Array(rest.utf8)))
    }

    /// Takes `name` or `{name}` off the front; nil, and nothing taken, where there is none.
    private static func takeName(_ rest: inout Substring) -> String? {
        let isBraced = rest.first == "{"
        let start = isBraced ? rest.dropFirst() : rest
        let name = start.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let end = start[name.endIndex...]
        guard !name.isEmpty, !isBraced || end.first == "}" else { return nil }
        rest = isBraced ? end.dropFirst() : end
        return String(name)
    }

    func append(_ slots: [Int], of text: [UInt8], to result: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let bytes): result.append(contentsOf: bytes)
            case .group(let index):
                guard 2 * index + 1 < slots.count, slots[2 * index] >= 0, slots[2 * index + 1] >= 0 else { continue }
                result.append(contentsOf: text[slots[2 * index]..<slots[2 * index + 1]])
            }
        }
    }
}

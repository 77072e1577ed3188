import JSON
import Matching
import RegularExpression

/// Source: Kyverno's documentation of its functions, and that of Go's package `strings`.
extension Functions {
    static let textFunctions: [Function] = [
        Function("compare", .string, .string) { call, evaluation throws(EvaluationError) in
            let (left, right) = (try call.string(0), try call.string(1))
            try evaluation.spend(bytes: left.utf8.count)
            if left.hasSameBytes(as: right) { return .number(.integer(0)) }
            return .number(.integer(left.precedesByBytes(right) ? -1 : 1))
        },
        Function("equal_fold", .string, .string) { call, evaluation throws(EvaluationError) in
            let (left, right) = (try call.string(0), try call.string(1))
            try evaluation.spend(bytes: left.utf8.count + right.utf8.count)
            return .boolean(
                left.unicodeScalars.elementsEqual(right.unicodeScalars) {
                    CaseFolding.fold($0.value) == CaseFolding.fold($1.value)
                })
        },
        Function("to_upper", .string) { call, evaluation throws(EvaluationError) in
            try mapped(call, &evaluation, CaseFolding.upper)
        },
        Function("to_lower", .string) { call, evaluation throws(EvaluationError) in
            try mapped(call, &evaluation, CaseFolding.lower)
        },
        Function("replace", .string, .string, .string, .number) { call, evaluation throws(EvaluationError) in
            guard let limit = try call.number(3).integer else {
                throw call.invalidValue("the number of replacements is a whole number")
            }
            return try replaced(call, limit: limit < 0 ? .max : limit, &evaluation)
        },
        Function("replace_all", .string, .string, .string) { call, evaluation throws(EvaluationError) in
            try replaced(call, limit: .max, &evaluation)
        },
        Function("trim", .string, .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            let characters = Set(try call.string(1).unicodeScalars)
            try evaluation.allocate(bytes: text.utf8.count)
            var rest = text.unicodeScalars[...]
            while let first = rest.first, characters.contains(first) { rest.removeFirst() }
            while let last = rest.last, characters.contains(last) { rest.removeLast() }
            return .string(String(rest))
        },
        Function("trim_prefix", .string, .string) { call, evaluation throws(EvaluationError) in
            let (text, prefix) = (try call.string(0), try call.string(1))
            try evaluation.allocate(bytes: text.utf8.count)
            guard text.utf8.starts(with: prefix.utf8) else { return .string(text) }
            return .string(String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
        },
        Function("split", .string, .string) { call, evaluation throws(EvaluationError) in
            let (text, separator) = (try call.string(0), try call.string(1))
            try evaluation.allocate(bytes: text.utf8.count)
            guard !separator.isEmpty else {
                try evaluation.allocate(nodes: text.unicodeScalars.count)
                return .array(text.unicodeScalars.map { .string(String($0)) })
            }
            let bytes = Array(text.utf8)
            let width = separator.utf8.count
            let positions = TextSearch.positions(of: Array(separator.utf8), in: bytes)
            try evaluation.allocate(nodes: positions.count + 1)
            let starts = [0] + positions.map { $0 + width }
            return .array(
                zip(starts, positions + [bytes.count]).map { .string(String(decoding: bytes[$0..<$1], as: UTF8.self)) })
        },
        Function("truncate", .string, .number) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            let length = max(0, min(try call.number(1).double, Double(Int32.max)))
            try evaluation.allocate(bytes: text.utf8.count)
            return .string(String(text.unicodeScalars.prefix(Int(length))))
        },
        Function("to_boolean", .string) { call, _ throws(EvaluationError) in
            let text = try call.string(0)
            switch text.lowercased() {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            default: throw call.invalidValue("\"\(text)\" is neither true nor false")
            }
        },
        Function("pattern_match", .string, [.string, .number]) { call, evaluation throws(EvaluationError) in
            let (pattern, text) = (try call.string(0), try call.text(1))
            // A glob looks at each character once for each that follows a star.
            try evaluation.spend(bytes: text.utf8.count * max(1, pattern.utf8.count))
            return .boolean(Glob(pattern).matches(text))
        },
        Function("path_canonicalize", .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            try evaluation.allocate(bytes: 2 * text.utf8.count)
            return .string(text.isEmpty ? "" : Path.clean(text))
        },
    ]

    private static func mapped(
        _ call: Call,
        _ evaluation: inout Evaluation,
        _ map: (UInt32) -> UInt32
    ) throws(EvaluationError) -> Node {
        let text = try call.string(0)
        // The other case may have more bytes, three for two at most.
        try evaluation.allocate(bytes: 2 * text.utf8.count)
        var result = ""
        for scalar in text.unicodeScalars { result.unicodeScalars.append(Unicode.Scalar(map(scalar.value)) ?? scalar) }
        return .string(result)
    }

    /// Where the text to replace is empty, it is found before each character and at the end.
    private static func replaced(
        _ call: Call,
        limit: Int,
        _ evaluation: inout Evaluation
    ) throws(EvaluationError) -> Node {
        let text = Array(try call.string(0).utf8)
        let old = Array(try call.string(1).utf8)
        let new = Array(try call.string(2).utf8)
        try evaluation.allocate(bytes: text.count)
        let positions =
            old.isEmpty
            ? Array(text.indices.filter { text[$0] & 0b1100_0000 != 0b1000_0000 }.prefix(limit))
            : TextSearch.positions(of: old, in: text, limit: limit)
        let isAtEndToo = old.isEmpty && positions.count < limit
        let all = isAtEndToo ? positions + [text.count] : positions
        let (growth, overflow) = all.count.multipliedReportingOverflow(by: new.count)
        try evaluation.allocate(bytes: overflow ? .max : growth)
        var result: [UInt8] = []
        var copied = 0
        for position in all {
            result += text[copied..<position]
            result += new
            copied = position + old.count
        }
        result += text[copied...]
        return .string(String(decoding: result, as: UTF8.self))
    }
}

extension Call {
    /// A string, or a number as text.
    func text(_ index: Int) throws(EvaluationError) -> String {
        if let text = node(index).numberText { return text }
        return try string(index)
    }
}

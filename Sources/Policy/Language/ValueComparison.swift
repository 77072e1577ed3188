import JMESPath

/// Compares values as conditions do: numbers, quantities of Kubernetes, durations and versions by what they stand for.
///
/// Source: spec/verify-images.md, "Conditions and variables".
enum ValueComparison {
    /// Whether a condition's key equals its value, in which wildcards of the policy count.
    static func areEqual(_ key: Operand, _ value: Operand) -> Bool {
        let (keyNode, valueNode) = (key.node, value.node)
        if let sign = durationOrder(keyNode, valueNode, oneIsEnough: true) { return sign == 0 }
        switch keyNode.kind {
        case .number:
            guard let number = keyNode.number else { return false }
            if let other = valueNode.number { return number == other }
            return valueNode.string.flatMap(Number.init(text:)).map { $0 == number } ?? false
        case .string:
            guard let text = keyNode.string, let pattern = value.pattern else { return false }
            if let quantity = Quantity(text), let other = Quantity(pattern.text) { return quantity == other }
            return pattern.matches(text)
        default: return keyNode.isEqual(to: valueNode)
        }
    }

    /// The sign of key less value; nil where the two cannot be compared.
    static func order(_ key: Node, _ value: Node) -> Int? {
        if let sign = durationOrder(key, value, oneIsEnough: true) { return sign }
        if let key = quantity(key), let value = quantity(value) { return sign(key, value) }
        if let key = key.string.flatMap(SemanticVersion.init), let value = value.string.flatMap(SemanticVersion.init) {
            return sign(key, value)
        }
        if let key = number(key), let value = number(value) { return sign(key, value) }
        return nil
    }

    /// As ``order(_:_:)``, of durations and numbers of seconds.
    static func durationOrder(_ key: Node, _ value: Node) -> Int? {
        durationOrder(key, value, oneIsEnough: false)
    }

    /// - Parameter oneIsEnough: whether one of the two has to be written as a duration, or else each may be a number
    ///   of seconds. `0` is written as a number.
    private static func durationOrder(_ key: Node, _ value: Node, oneIsEnough: Bool) -> Int? {
        let isDuration = { (node: Node) in
            node.string.map { $0 != "0" && GoDuration($0) != nil } ?? false
        }
        if oneIsEnough { guard isDuration(key) || isDuration(value) else { return nil } }
        guard let key = duration(key), let value = duration(value) else { return nil }
        return sign(key, value)
    }

    /// A duration, or a number of seconds.
    private static func duration(_ node: Node) -> GoDuration? {
        if let text = node.string { return GoDuration(text) }
        guard let seconds = node.number?.double else { return nil }
        return Int64(exactly: (seconds * 1e9).rounded()).map(GoDuration.init(nanoseconds:))
    }

    private static func quantity(_ node: Node) -> Quantity? {
        (node.string ?? node.numberText).flatMap { Quantity($0) }
    }

    private static func number(_ node: Node) -> Number? { node.number ?? node.string.flatMap(Number.init(text:)) }

    private static func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : (a > b ? 1 : 0) }
}

extension Number {
    /// A number written as JSON writes it, or with a `+` or leading zeros.
    fileprivate init?(text: String) {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }) else { return nil }
        if let integer = Int(text) {
            self = .integer(integer)
        } else if let real = Double(text), let number = Number(real) {
            self = number
        } else {
            return nil
        }
    }
}

/// A range that an element of a list stands for: `1-5`, `10Mi-1Gi`, and `1!-5` for what is outside of it. Both ends
/// belong to it.
struct ValueRange: Sendable {
    private let low: Node
    private let high: Node
    private let isOutside: Bool

    /// Nil for what is no range.
    init?(parsing text: String) {
        // A minus may also be a sign, at the beginning or behind the hyphen.
        let bytes = Array(text.utf8)
        guard let hyphen = bytes.indices.dropFirst().first(where: { bytes[$0] == UInt8(ascii: "-") }) else {
            return nil
        }
        isOutside = bytes[hyphen - 1] == UInt8(ascii: "!")
        low = .string(String(decoding: bytes[..<(isOutside ? hyphen - 1 : hyphen)], as: UTF8.self))
        high = .string(String(decoding: bytes[(hyphen + 1)...], as: UTF8.self))
        guard Self.isEnd(low), Self.isEnd(high), ValueComparison.order(low, high) != nil else { return nil }
    }

    private static func isEnd(_ node: Node) -> Bool {
        guard let text = node.string else { return false }
        return Quantity(text) != nil || GoDuration(text) != nil
    }

    func contains(_ text: String) -> Bool {
        let node = Node.string(text)
        guard let fromLow = ValueComparison.order(node, low), let toHigh = ValueComparison.order(node, high) else {
            return false
        }
        return (fromLow >= 0 && toHigh <= 0) != isOutside
    }
}

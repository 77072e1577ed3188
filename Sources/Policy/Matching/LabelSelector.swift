/// A selector over labels: everything in it must hold, and an empty one holds for anything.
///
/// `matchLabels` takes globs in keys and values and then asks for one label that fits both; `matchExpressions` compares
/// exactly.
///
/// Source: Kubernetes, LabelSelector; spec/verify-images.md, "Which requests a rule looks at".
public struct LabelSelector: Sendable, Hashable {
    /// One item of `matchExpressions`.
    public enum Expression: Sendable, Hashable {
        case isIn(key: String, values: Set<String>)
        /// Also holds where there is no such label.
        case isNotIn(key: String, values: Set<String>)
        case exists(key: String)
        case doesNotExist(key: String)
    }

    public var labels: [TextPair]
    public var expressions: [Expression]

    public init(labels: [TextPair] = [], expressions: [Expression] = []) {
        self.labels = labels
        self.expressions = expressions
    }

    func matches(_ texts: Texts) -> Bool {
        labels.allSatisfy { $0.matches(texts) } && expressions.allSatisfy { Self.holds($0, texts) }
    }

    private static func holds(_ expression: Expression, _ texts: Texts) -> Bool {
        switch expression {
        case .isIn(let key, let values): texts[key].map(values.contains) ?? false
        case .isNotIn(let key, let values): !(texts[key].map(values.contains) ?? false)
        case .exists(let key): texts[key] != nil
        case .doesNotExist(let key): texts[key] == nil
        }
    }
}

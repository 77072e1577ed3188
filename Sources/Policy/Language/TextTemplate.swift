import JMESPath

/// A text of a policy in which variables may stand.
///
/// A text that is one variable and nothing else takes that variable's type. What a variable yields is data: it is
/// never looked through for variables again.
///
/// Source: spec/verify-images.md, "Conditions and variables".
struct TextTemplate: Sendable {
    enum Part: Sendable {
        case text(String)
        case variable(Variable)
    }

    let parts: [Part]

    /// - Throws: ``TemplateError``.
    init(_ text: String) throws(TemplateError) { parts = try TemplateScanner.parts(of: text) }

    /// Whether a text may hold variables, or escaped braces.
    static func isTemplate(_ text: String) -> Bool { text.contains("{{") }

    var variables: [Variable] {
        parts.compactMap { part in
            if case .variable(let variable) = part { return variable }
            return nil
        }
    }

    /// The text, when no variable stands in it.
    var constant: String? {
        switch parts.count {
        case 0: return ""
        case 1:
            if case .text(let text) = parts[0] { return text }
            return nil
        default: return nil
        }
    }

    func operand(in scope: Scope) throws(RuleFailure) -> Operand {
        if parts.count == 1, case .variable(let variable) = parts[0] {
            let node = try variable.value(in: scope)
            return scope.isPolicyText(variable) ? Operand(policyText: node) : .data(node)
        }
        var pattern = TextPattern()
        for part in parts {
            switch part {
            case .text(let text): pattern.append(text, isPattern: true)
            case .variable(let variable):
                let text = try variable.value(in: scope).templateText
                pattern.append(text, isPattern: scope.isPolicyText(variable))
            }
        }
        return .text(pattern)
    }

    /// The value, of the type that a lone variable has.
    func node(in scope: Scope) throws(RuleFailure) -> Node { try operand(in: scope).node }

    /// The value as text.
    ///
    /// - Throws: ``RuleFailure`` also when a lone variable yields no text.
    func text(in scope: Scope) throws(RuleFailure) -> String {
        let node = try node(in: scope)
        if let text = node.string { return text }
        throw RuleFailure("variable {{ \(variables.first?.text ?? "") }} has to yield text, and yields \(node.kind)")
    }
}

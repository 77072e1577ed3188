import JSON

/// Reads conditions: preconditions, those over attestations, and those of `deny`.
///
/// Source: spec/verify-images.md, "Conditions and variables".
struct ConditionDecoder {
    let findings: Findings

    /// More conditions than anybody writes by hand.
    static let maximumConditions = 1_000

    /// `{any, all}`, or a bare list, which means `all`. In a list there may also be groups.
    func conditions(_ value: Value, at path: FieldPath) -> Conditions {
        switch value.kind {
        case .null: return Conditions([])
        case .object: return Conditions(group(value, at: path).map { [$0] } ?? [])
        case .array: return Conditions(list(value, at: path))
        default:
            findings.problem(path, "has to be a list of conditions, or an object with any and all")
            return Conditions([])
        }
    }

    private func list(_ value: Value, at path: FieldPath) -> [ConditionGroup] {
        var groups: [ConditionGroup] = []
        var bare: [Condition] = []
        for (index, element) in value.elements.enumerated() {
            let path = path.index(index)
            if element["any"] != nil || element["all"] != nil {
                if let group = group(element, at: path) { groups.append(group) }
            } else if let condition = condition(element, at: path) {
                bare.append(condition)
            }
        }
        if !bare.isEmpty { groups.insert(ConditionGroup(all: bare), at: 0) }
        return groups
    }

    private func group(_ value: Value, at path: FieldPath) -> ConditionGroup? {
        guard let reader = ObjectReader(value, .conditionGroup, at: path, findings) else { return nil }
        let any = reader["any"].map { _ in reader.array("any").compactMap { condition($0, at: $1) } }
        let all = reader.array("all").compactMap { condition($0, at: $1) }
        if let any, any.isEmpty, reader.array("any").isEmpty {
            // Read as Kyverno does it holds never, which nobody means.
            findings.problem(path.child("any"), "is empty; take it out, or say a condition")
        }
        guard (any?.count ?? 0) + all.count <= Self.maximumConditions else {
            findings.problem(path, "holds more than \(Self.maximumConditions) conditions")
            return nil
        }
        return any == nil && all.isEmpty ? nil : ConditionGroup(any: any, all: all)
    }

    private func condition(_ value: Value, at path: FieldPath) -> Condition? {
        guard let reader = ObjectReader(value, .condition, at: path, findings) else { return nil }
        guard let name = reader.string("operator") else {
            findings.problem(path.child("operator"), "is missing")
            return nil
        }
        guard let comparison = ConditionOperator(parsing: name) else {
            findings.problem(
                path.child("operator"),
                "\"\(name)\" is no operator; the operators are " + ConditionOperator.names.joined(separator: ", "))
            return nil
        }
        guard let key = template(reader, "key"), let value = template(reader, "value") else { return nil }
        let message = reader["message"].flatMap { $0.string }.flatMap { text($0, at: path.child("message")) }
        let shown = { (field: String) in reader[field].map { $0.string ?? $0.description } ?? "null" }
        return Condition(
            key: key, comparison: comparison, value: value, message: message,
            text: "\(shown("key")) \(name) \(shown("value"))")
    }

    private func template(_ reader: ObjectReader, _ name: String) -> ValueTemplate? {
        let path = reader.path.child(name)
        // Null is a value that something may be compared with; a field that is missing is a mistake.
        guard let value = reader.value[name] else {
            findings.problem(path, "is missing")
            return nil
        }
        return template(value, at: path)
    }

    func template(_ value: Value, at path: FieldPath) -> ValueTemplate? {
        do throws(TemplateError) {
            return try ValueTemplate(value)
        } catch {
            findings.problem(path, error.description)
            return nil
        }
    }

    func text(_ text: String, at path: FieldPath) -> TextTemplate? {
        do throws(TemplateError) {
            return try TextTemplate(text)
        } catch {
            findings.problem(path, error.description)
            return nil
        }
    }
}

extension ObjectReader {
    /// A text in which variables may stand.
    func template(_ name: String) -> TextTemplate? {
        guard let field = self[name] else { return nil }
        guard let text = field.string else {
            findings.problem(path.child(name), "has to be text")
            return nil
        }
        guard !text.isEmpty else { return nil }
        return ConditionDecoder(findings: findings).text(text, at: path.child(name))
    }

    /// A text that is a query as a whole, in which variables may stand.
    func query(_ name: String) -> Variable? {
        guard let field = self[name] else { return nil }
        guard let text = field.string else {
            findings.problem(path.child(name), "has to be text")
            return nil
        }
        guard !text.isEmpty else { return nil }
        do throws(TemplateError) {
            return try TemplateScanner.query(text)
        } catch {
            findings.problem(path.child(name), error.description)
            return nil
        }
    }
}

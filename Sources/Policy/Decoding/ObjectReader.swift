import JSON

/// An object of a policy, read field by field.
///
/// Making one walks all fields of the object against its table, so that nothing that decides is passed over; the
/// accessors then report a value of the wrong type by its path. A field that is null is a field that is not there.
struct ObjectReader {
    let value: Value
    let path: FieldPath
    let findings: Findings

    /// Nil, and a problem, when `value` is no object.
    init?(_ value: Value, _ table: FieldTable, at path: FieldPath, _ findings: Findings) {
        guard value.kind == .object else {
            findings.problem(path, "has to be an object, and is \(Self.name(of: value))")
            return nil
        }
        self.value = value
        self.path = path
        self.findings = findings
        for (name, field) in value.members { check(name, field, table) }
    }

    private func check(_ name: String, _ field: Value, _ table: FieldTable) {
        switch table.fields[name] {
        case .honoured, .inert:
            break
        case .refused(let reason) where !Self.isEmpty(field):
            findings.problem(path.child(name), reason)
        case .refusedEvenEmpty(let reason) where !field.isNull:
            findings.problem(path.child(name), reason)
        case .refused, .refusedEvenEmpty:
            break
        case nil:
            var reason = "unknown field \"\(name)\" in \(table.name)"
            // Kubernetes' field names differ by case: a near miss is worth a hint.
            if let meant = table.fields.keys.first(where: { $0.lowercased() == name.lowercased() }) {
                reason += "; \"\(meant)\" is meant"
            }
            findings.problem(path.child(name), reason)
        }
    }

    /// The field, unless it is missing or null.
    subscript(name: String) -> Value? {
        guard let field = value[name], !field.isNull else { return nil }
        return field
    }

    func boolean(_ name: String) -> Bool? {
        guard let field = self[name] else { return nil }
        guard let boolean = field.boolean else { return wrongType(name, field, "true or false") }
        return boolean
    }

    func integer(_ name: String) -> Int? {
        guard let field = self[name] else { return nil }
        guard let integer = field.integer else { return wrongType(name, field, "a whole number") }
        return integer
    }

    /// The text of a field; nil also when it is empty, as Kubernetes' own types have it.
    func string(_ name: String) -> String? {
        guard let field = self[name], let text = text(field, at: path.child(name)), !text.isEmpty else { return nil }
        return text
    }

    /// The texts of a list; an empty one among them is a problem, unless it may stand there.
    func strings(_ name: String, allowsEmpty: Bool = false) -> [String] {
        array(name).compactMap { element, elementPath in
            guard let text = text(element, at: elementPath) else { return nil }
            guard text.isEmpty && !allowsEmpty else { return text }
            findings.problem(elementPath, "is empty")
            return nil
        }
    }

    /// The elements of a list, each with its path.
    func array(_ name: String) -> [(element: Value, path: FieldPath)] {
        guard let field = self[name] else { return [] }
        guard field.kind == .array else { return wrongType(name, field, "a list") ?? [] }
        return field.elements.enumerated().map { ($1, path.child(name).index($0)) }
    }

    func object(_ name: String, _ table: FieldTable) -> ObjectReader? {
        guard let field = self[name] else { return nil }
        return ObjectReader(field, table, at: path.child(name), findings)
    }

    /// A map of texts, such as annotations.
    func map(_ name: String) -> [String: String] {
        guard let field = self[name] else { return [:] }
        guard field.kind == .object else { return wrongType(name, field, "a map of texts") ?? [:] }
        var map: [String: String] = [:]
        for (key, value) in field.members {
            refuseVariables(in: key, at: path.child(name))
            map[key] = text(value, at: path.child("\(name)[\(key)]"))
        }
        return map
    }

    /// One of a few words; a problem names them.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: Word.Type) -> Word? {
        string(name).flatMap { word($0, type, at: path.child(name)) }
    }

    /// A list of such words.
    func words<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: Word.Type) -> [Word] {
        strings(name).enumerated().compactMap { word($1, type, at: path.child(name).index($0)) }
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ type: Word.Type, at path: FieldPath
    ) -> Word? {
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            findings.problem(path, "\"\(text)\" is none of \(words)")
            return nil
        }
        return word
    }

    private func text(_ value: Value, at path: FieldPath) -> String? {
        guard let text = value.string else {
            findings.problem(path, "has to be text, and is \(Self.name(of: value))")
            return nil
        }
        refuseVariables(in: text, at: path)
        return text
    }

    private func refuseVariables(in text: String, at path: FieldPath) {
        guard !findings.isBound, TextTemplate.isTemplate(text) else { return }
        findings.problem(path, "variables ({{ … }}) cannot stand here; write the value")
    }

    private func wrongType<Result>(_ name: String, _ value: Value, _ wanted: String) -> Result? {
        findings.problem(path.child(name), "has to be \(wanted), and is \(Self.name(of: value))")
        return nil
    }

    /// Whether a field says nothing: null, or empty all the way down. Old versions of Kyverno wrote such fields.
    static func isEmpty(_ value: Value) -> Bool {
        switch value.kind {
        case .null: true
        case .boolean: value.boolean == false
        case .number: false
        case .string: value.equals("")
        case .array: value.count == 0
        case .object: value.members.allSatisfy { isEmpty($0.value) }
        }
    }

    private static func name(of value: Value) -> String {
        switch value.kind {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

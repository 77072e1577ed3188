import JSON

/// Reads `attestations[].conditions`, `attestations[].name` and `validate {message, deny}` of an entry.
///
/// Source: spec/verify-images.md, "Attestations".
struct StatementRulesDecoder {
    let findings: Findings

    /// Nil for an entry that asks nothing of its statements.
    func rules(_ entry: ObjectReader) -> StatementRules? {
        let decoder = ConditionDecoder(findings: findings)
        let validate = entry.object("validate", .validateImages)
        let deny = validate?.object("deny", .deny).flatMap { deny in
            deny["conditions"].map { decoder.conditions($0, at: deny.path.child("conditions")) }
        }
        let attestations = entry.array("attestations").map { value, path in
            // What else an attestation may have is looked at by who reads it.
            let conditions = value["conditions"].map { decoder.conditions($0, at: path.child("conditions")) }
            return StatementRules.Attestation(
                predicateType: (value["type"] ?? value["predicateType"])?.string ?? "",
                name: value["name"]?.string.flatMap { $0.isEmpty ? nil : $0 }, conditions: conditions ?? Conditions([]))
        }
        checkNames(attestations, at: entry.path.child("attestations"))
        let rules = StatementRules(
            attestations: attestations, deny: deny?.isEmpty == false ? deny : nil,
            message: validate?.template("message"))
        return rules.isEmpty ? nil : rules
    }

    private func checkNames(_ attestations: [StatementRules.Attestation], at path: FieldPath) {
        var names = ContextEntry.reservedNames
        for (index, attestation) in attestations.enumerated() {
            guard let name = attestation.name, !names.insert(name).inserted else { continue }
            findings.problem(
                path.index(index).child("name"), "\"\(name)\" is taken; choose another name for the statement")
        }
    }
}

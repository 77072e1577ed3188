import JMESPath
import JSON
import Sigstore
import Verification

/// What an entry asks of the statements that its attestations were verified with: conditions over each, and conditions
/// over several of them under which the image is denied after all.
///
/// Source: spec/verify-images.md, "Attestations".
public struct StatementRules: Sendable {
    /// What is asked of one of the entry's attestations.
    struct Attestation: Sendable {
        let predicateType: String
        /// What ``deny`` calls the predicate of its statements.
        let name: String?
        let conditions: Conditions
    }

    /// In the order of the requirement's attestations.
    let attestations: [Attestation]
    /// The image is denied when these hold; nil for none.
    let deny: Conditions?
    let message: TextTemplate?

    /// Each combination of named statements is looked at; more than anybody attaches to an image are refused.
    static let maximumCombinations = 1_024

    /// Whether there is anything to ask.
    var isEmpty: Bool { deny == nil && attestations.allSatisfy(\.conditions.isEmpty) }

    var conditionVariables: [Variable] { attestations.flatMap(\.conditions.variables) }

    var denyVariables: [Variable] { (deny?.variables ?? []) + (message?.variables ?? []) }

    /// Nil when an image's statements pass, or else why not.
    ///
    /// What cannot be told counts against the image: it was not shown to meet the conditions.
    public func objection(to findings: [AttestationFindings], _ bindings: RuleBindings?) -> String? {
        guard !isEmpty else { return nil }
        guard let scope = bindings?.scope else { return "the rule's variables were not evaluated" }
        guard findings.count == attestations.count else { return "its attestations were not all verified" }

        // (1) Every statement of the type that an attestor verifies must meet the conditions, for it to count.
        for (attestation, findings) in zip(attestations, findings) where !attestation.conditions.isEmpty {
            var reason: String?
            let isSatisfied = findings.isSatisfied { statement in
                let objection = attestation.objection(to: statement, in: scope)
                reason = reason ?? objection
                return objection == nil
            }
            if !isSatisfied {
                return
                    "attestation \(attestation.predicateType) does not meet its conditions: \(reason ?? "not enough")"
            }
        }

        // (2) What the statements say together must not be denied.
        return deny.flatMap { objection(of: $0, to: findings, in: scope) }
    }

    private func objection(of deny: Conditions, to findings: [AttestationFindings], in scope: Scope) -> String? {
        var scopes = [scope]
        for (attestation, findings) in zip(attestations, findings) {
            guard let name = attestation.name else { continue }
            guard scopes.count * max(findings.statements.count, 1) <= Self.maximumCombinations else {
                return "there are more attestations than can be looked at together"
            }
            scopes = scopes.flatMap { scope in
                findings.statements.map { scope.with(name, $0.predicate.map(Node.json) ?? .null) }
            }
        }
        for scope in scopes {
            do throws(RuleFailure) {
                guard let reason = try deny.reason(in: scope) else { continue }
                return try message?.text(in: scope) ?? "denied because \(reason)"
            } catch {
                return error.description
            }
        }
        return nil
    }
}

extension StatementRules.Attestation {
    fileprivate func objection(to statement: VerifiedStatement, in scope: Scope) -> String? {
        do throws(RuleFailure) {
            let inside = try scope.with(predicate: statement.predicate.map(Node.json) ?? .null)
            return try conditions.failure(in: inside)
        } catch {
            return error.description
        }
    }
}

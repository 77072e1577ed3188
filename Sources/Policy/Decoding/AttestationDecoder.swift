import JSON
import Verification

/// Reads `attestations`: what must have been stated about an image, and by whom.
///
/// Source: spec/verify-images.md, "Attestations".
struct AttestationDecoder {
    let findings: Findings

    /// More than anybody asks of an image; each is compared with everything that lies beside it.
    static let maximumAttestations = 64

    /// The attestations of an entry of `verifyImages`, each of which must be met.
    func attestations(_ entry: ObjectReader, _ defaults: AttestorDecoder.Defaults) -> [AttestationRequirement] {
        let written = entry.array("attestations")
        guard !written.isEmpty else { return [] }
        guard written.count <= Self.maximumAttestations else {
            findings.problem(
                entry.path.child("attestations"), "are more than \(Self.maximumAttestations); write several entries")
            return []
        }
        if entry.string("key") != nil {
            findings.problem(
                entry.path.child("key"),
                "stands beside attestations and does not say whose they must be; give each of them attestors")
        }
        if !defaults.annotations.isEmpty {
            findings.note(
                entry.path.child("annotations"),
                "are asked of attestations too, where they have to stand in the statement's subject, and cosign attest "
                    + "writes none; for signatures alone, give them to the entries of attestors")
        }
        return written.compactMap { attestation($0, at: $1, defaults) }
    }

    private func attestation(
        _ value: Value, at path: FieldPath, _ defaults: AttestorDecoder.Defaults
    ) -> AttestationRequirement? {
        guard let reader = ObjectReader(value, .attestation, at: path, findings) else { return nil }
        let predicateType = predicateType(reader)
        _ = reader.string("name")
        guard !reader.array("attestors").isEmpty else {
            findings.problem(
                path.child("attestors"), "nobody is named who must have signed the attestation; give attestors")
            return nil
        }
        let before = findings.problems.count
        let sets = AttestorDecoder(findings: findings, allowsNestedSets: false).sets(reader, defaults)
        guard let predicateType, findings.problems.count == before else { return nil }
        do throws(RequirementError) {
            return try AttestationRequirement(predicateType: predicateType, attestorSets: sets)
        } catch {
            findings.problem(path.child("type"), error.description)
            return nil
        }
    }

    private func predicateType(_ reader: ObjectReader) -> String? {
        let old = reader.string("predicateType")
        let new = reader.string("type")
        if let old, let new, old != new {
            findings.problem(reader.path.child("predicateType"), "stands beside another type; say it in type alone")
            return nil
        }
        guard let type = new ?? old else {
            findings.problem(reader.path.child("type"), "is missing; give the predicate type of the statement")
            return nil
        }
        if let meant = PredicateTypes.meant(by: type) {
            findings.note(
                reader.path.child(new == nil ? "predicateType" : "type"),
                "\"\(type)\" is compared exactly, and is probably \(meant), which cosign writes")
        }
        return type
    }
}

/// The predicate types that cosign writes.
///
/// Source: cosign's attestation types; Kyverno's policy library has one of them without `https://`.
enum PredicateTypes {
    /// By the names that `cosign attest --type` takes.
    static let known = [
        "custom": "https://cosign.sigstore.dev/attestation/v1",
        "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
        "slsaprovenance": "https://slsa.dev/provenance/v0.2",
        "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
        "slsaprovenance1": "https://slsa.dev/provenance/v1",
        "spdx": "https://spdx.dev/Document",
        "spdxjson": "https://spdx.dev/Document",
        "cyclonedx": "https://cyclonedx.org/bom",
        "link": "https://in-toto.io/Link/v1",
        "openvex": "https://openvex.dev/ns",
    ]

    /// The type that `text` is a near miss of; nil when it is one of them, and when it is like none.
    static func meant(by text: String) -> String? {
        guard !known.values.contains(text) else { return nil }
        let plain = plain(text)
        return known[plain] ?? known.values.sorted().first { Self.plain($0) == plain }
    }

    private static func plain(_ text: String) -> String {
        var plain = Substring(text.lowercased()).drop(while: \.isWhitespace)
        for prefix in ["https://", "http://"] where plain.hasPrefix(prefix) { plain = plain.dropFirst(prefix.count) }
        while let last = plain.last, last == "/" || last.isWhitespace { plain.removeLast() }
        return String(plain)
    }
}

import JSON
import OCI
import OpenSSL
import Verification

/// Reads `attestors`: sets of static keys, nested as deep as a policy may.
///
/// Source: spec/verify-images.md, "Attestors".
struct AttestorDecoder {
    let findings: Findings
    /// Whether an entry may be a set of its own; an attestation's may not.
    var allowsNestedSets = true

    /// What an entry of a set says about its signatures where it does not say itself.
    struct Defaults {
        var annotations: [String: String] = [:]
        var repository: Repository?
        var hash: HashAlgorithm?
    }

    /// How deep sets may be nested: two levels say everything that anybody has written so far.
    static let maximumDepth = 8

    /// The sets of `attestors`, each of which must pass.
    func sets(_ reader: ObjectReader, _ defaults: Defaults) -> [AttestorSet] {
        reader.array("attestors").compactMap { set($0, at: $1, defaults, depth: 1) }
    }

    private func set(_ value: Value, at path: FieldPath, _ defaults: Defaults, depth: Int) -> AttestorSet? {
        guard depth <= Self.maximumDepth else {
            findings.problem(path, "sets of attestors are nested more than \(Self.maximumDepth) deep")
            return nil
        }
        guard let reader = ObjectReader(value, .attestorSet, at: path, findings) else { return nil }
        let written = reader.array("entries")
        guard !written.isEmpty else {
            findings.problem(path.child("entries"), "a set needs at least one entry")
            return nil
        }

        // The count is checked against the entries as written, before several keys in one text become several
        // entries.
        var count = reader.integer("count")
        if count == 0 && depth > 1 { count = nil }
        if let count, !(1...written.count).contains(count) {
            findings.problem(
                path.child("count"),
                "\(count) of \(written.count) entries cannot be asked for; give a number from 1 to \(written.count)")
            return nil
        }
        let before = findings.problems.count
        let entries = written.flatMap { attestors($0, at: $1, defaults, depth: depth) }
        guard findings.problems.count == before else { return nil }
        noteRepeatedKeys(entries, count: count, at: path)
        return makeSet(count: count, entries, at: path)
    }

    private func makeSet(count: Int?, _ entries: [Attestor], at path: FieldPath) -> AttestorSet? {
        do throws(RequirementError) {
            return try AttestorSet(count: count, entries: entries)
        } catch {
            findings.problem(path, error.description)
            return nil
        }
    }

    private func noteRepeatedKeys(_ entries: [Attestor], count: Int?, at path: FieldPath) {
        guard (count ?? entries.count) > 1, Set(entries).count < entries.count else { return }
        findings.note(path, "the same attestor stands more than once, so that one signature counts more than once")
    }

    /// What one entry comes to: several attestors where a text holds several keys.
    private func attestors(_ value: Value, at path: FieldPath, _ outer: Defaults, depth: Int) -> [Attestor] {
        guard let reader = ObjectReader(value, .attestor, at: path, findings) else { return [] }
        let given = ["keys", "certificates", "keyless", "attestor"].filter { reader[$0] != nil }
        guard given.count == 1 else {
            let what = given.isEmpty ? "says nobody" : "says " + given.joined(separator: " and ")
            findings.problem(path, "\(what); an entry is one of keys, certificates, keyless and attestor")
            return []
        }

        // What stands beside the entry replaces what the image rule, or the entry around it, says.
        var defaults = outer
        let annotations = reader.map("annotations")
        if !annotations.isEmpty { defaults.annotations = annotations }
        if let repository = repository(reader) { defaults.repository = repository }
        if let hash = reader.word("signatureAlgorithm", HashAlgorithm.self) { defaults.hash = hash }

        if let nested = reader["attestor"] {
            guard allowsNestedSets else {
                findings.problem(
                    path.child("attestor"),
                    "a nested set cannot say whose an attestation must be; name its entries here, or give the "
                        + "attestation several sets of attestors")
                return []
            }
            return set(nested, at: path.child("attestor"), defaults, depth: depth + 1).map { [.set($0)] } ?? []
        }
        if let certificates = reader.object("certificates", .certificates) {
            return certificate(certificates, defaults).map { [.certificate($0)] } ?? []
        }
        return reader.object("keys", .keys).map { keys($0, defaults) } ?? []
    }

    private func keys(_ reader: ObjectReader, _ outer: Defaults) -> [Attestor] {
        var defaults = outer
        if let hash = reader.word("signatureAlgorithm", HashAlgorithm.self) { defaults.hash = hash }
        checkTransparency(reader)
        guard let text = reader.string("publicKeys") else {
            if reader["secret"] == nil && reader.string("kms") == nil {
                findings.problem(reader.path.child("publicKeys"), "a public key is needed, as PEM text")
            }
            return []
        }
        return keys(text, at: reader.path.child("publicKeys"), defaults)
    }

    /// The keys of a text of PEM blocks, as entries of a set.
    func keys(_ text: String, at path: FieldPath, _ defaults: Defaults) -> [Attestor] {
        guard text.contains("-----BEGIN") else {
            findings.problem(path, KeyReference.reason(text))
            return []
        }
        do throws(KeyError) {
            return try PublicKey.all(inPEM: text).map { key in
                .key(
                    KeyAttestor(
                        key: key, hash: defaults.hash, annotations: defaults.annotations,
                        repository: defaults.repository))
            }
        } catch {
            findings.problem(path, error.description)
            return []
        }
    }

    func repository(_ reader: ObjectReader) -> Repository? {
        guard let text = reader.string("repository") else { return nil }
        do throws(ReferenceError) {
            return try Repository(parsing: text)
        } catch {
            findings.problem(reader.path.child("repository"), error.description)
            return nil
        }
    }

    /// A static key or certificate needs no proof from a log. A policy that asks for one all the same is refused rather than
    /// weakened.
    func checkTransparency(_ reader: ObjectReader, hasCertificate: Bool = false) {
        if let rekor = reader.object("rekor", .rekor), rekor.boolean("ignoreTlog") != true {
            if rekor["ignoreTlog"] != nil {
                findings.problem(
                    rekor.path.child("ignoreTlog"),
                    "a transparency log is not checked yet; leave ignoreTlog out, or set it to true")
            }
            if rekor.string("pubkey") != nil {
                findings.problem(
                    rekor.path.child("pubkey"),
                    "a transparency log is not checked yet; take pubkey out, or set ignoreTlog to true")
            }
        }
        guard let ctlog = reader.object("ctlog", .ctlog), ctlog.boolean("ignoreSCT") != true else { return }
        if ctlog.string("pubkey") != nil {
            findings.problem(
                ctlog.path.child("pubkey"),
                "certificate timestamps are not checked yet; take pubkey out, or set ignoreSCT to true")
        }
        // Of a key there is no certificate that a timestamp could be about.
        if hasCertificate, ctlog["ignoreSCT"] != nil {
            findings.problem(
                ctlog.path.child("ignoreSCT"),
                "certificate timestamps are not checked yet; leave ignoreSCT out, or set it to true")
        }
    }
}

/// A key that is named instead of given.
enum KeyReference {
    private static let keyManagement = [
        "awskms://", "gcpkms://", "azurekms://", "hashivault://", "openbao://", "kms://",
    ]

    /// Why `text`, which is no PEM, cannot be used.
    static func reason(_ text: String) -> String {
        if keyManagement.contains(where: text.hasPrefix) {
            return "keys in a KMS are not supported yet; export the public key and write it as PEM text"
        }
        if text.contains("://") {
            return "a key is not fetched from a URL or the environment; write the public key as PEM text"
        }
        return "is no public key; write it as PEM text, beginning with -----BEGIN PUBLIC KEY-----"
    }
}

import OpenSSL
import Verification

extension AttestorDecoder {
    /// Reads `certificates`: a certificate, a chain, or both.
    ///
    /// Source: spec/verify-images.md, "Attestors".
    func certificate(_ reader: ObjectReader, _ defaults: Defaults) -> CertificateAttestor? {
        let before = findings.problems.count
        checkTransparency(reader, hasCertificate: true)
        let leaf = certificates(reader, "cert")
        let chain = certificates(reader, "certChain")
        if leaf.count > 1 {
            findings.problem(
                reader.path.child("cert"), "holds \(leaf.count) certificates; give the others in certChain")
        }
        if leaf.isEmpty && chain.isEmpty && findings.problems.count == before {
            findings.problem(reader.path.child("cert"), "a certificate is needed here or in certChain, as PEM text")
        }
        guard findings.problems.count == before else { return nil }
        noteValidity(of: leaf + chain, at: reader.path)
        do throws(RequirementError) {
            return try CertificateAttestor(
                certificate: leaf.first, chain: chain, hash: defaults.hash, annotations: defaults.annotations,
                repository: defaults.repository)
        } catch {
            findings.problem(reader.path.child(leaf.isEmpty ? "certChain" : "cert"), error.description)
            return nil
        }
    }

    private func certificates(_ reader: ObjectReader, _ name: String) -> [Certificate] {
        guard let text = reader.string(name) else { return [] }
        guard text.contains("-----BEGIN") else {
            findings.problem(
                reader.path.child(name),
                "is no certificate; write it as PEM text, beginning with -----BEGIN CERTIFICATE-----")
            return []
        }
        do throws(CertificateError) {
            return try Certificate.chain(inPEM: text)
        } catch {
            findings.problem(reader.path.child(name), error.description)
            return []
        }
    }

    /// Whoever wonders why nothing verifies any more finds the reason in the log.
    private func noteValidity(of certificates: [Certificate], at path: FieldPath) {
        for certificate in certificates {
            do throws(CertificateChainError) {
                try certificate.checkValidity(at: Timekeeper.system.date())
            } catch {
                findings.note(path, "\(error): nothing can be verified with it")
            }
        }
    }
}

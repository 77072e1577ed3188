import OCI
import OpenSSL

/// Somebody who signs with a certificate, and what the signature must say. One signature satisfies it whole.
///
/// Source: spec/verify-images.md, "Attestors".
public struct CertificateAttestor: Sendable, Hashable {
    /// The signer's certificate; nil for whichever comes with the signature and was issued under ``chain``.
    public let certificate: Certificate?
    /// With a certificate, what leads from it to its root, the root last; none where it is believed as it is. Without
    /// one, the authorities that are trusted, each as it is.
    public let chain: [Certificate]
    /// The hash that was signed; nil means SHA-256, and for the larger curves also the curve's own.
    public let hash: HashAlgorithm?
    /// What the signature must carry, each with exactly this value.
    public let annotations: [String: String]
    /// Where the signatures live, when not beside the image.
    public let repository: Repository?

    /// - Throws: ``RequirementError/noCertificate``, or ``RequirementError/unusableCertificate(_:)`` for a certificate
    ///   that nothing could ever verify with. Whether it is valid is asked when something is verified.
    public init(
        certificate: Certificate?, chain: [Certificate], hash: HashAlgorithm? = nil,
        annotations: [String: String] = [:], repository: Repository? = nil
    ) throws(RequirementError) {
        guard certificate != nil || !chain.isEmpty else { throw .noCertificate }
        if let certificate { try Self.check(certificate, chain) }
        self.certificate = certificate
        self.chain = chain
        self.hash = hash
        self.annotations = annotations
        self.repository = repository
    }

    private static func check(_ certificate: Certificate, _ chain: [Certificate]) throws(RequirementError) {
        do throws(KeyError) {
            _ = try certificate.publicKey
        } catch {
            throw .unusableCertificate("its key cannot be used: \(error)")
        }
        guard let root = chain.last else { return }
        do throws(CertificateChainError) {
            try certificate.verifyChain(to: [root], through: chain.dropLast(), at: nil)
        } catch {
            throw .unusableCertificate("the chain does not lead from it to the chain's last certificate: \(error)")
        }
    }

    func encode(into encoder: inout FingerprintEncoder) {
        encoder.append(certificate?.fingerprint.hex ?? "")
        encoder.append(chain.count)
        for certificate in chain { encoder.append(certificate.fingerprint.hex) }
        encoder.append(hash: hash, annotations, repository)
    }
}

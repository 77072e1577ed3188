import JSON
import OCI
import OpenSSL

/// A certificate that comes with a signature, as it was written. It proves nothing by itself, and is read only where a
/// policy names the authorities that it must have been issued under.
///
/// Source: spec/signatures.md: cosign 2's annotations on a layer, and a bundle's `verificationMaterial.certificate`.
public struct AttachedCertificate: Sendable, Hashable {
    static let certificateAnnotation = "dev.sigstore.cosign/certificate"
    static let chainAnnotation = "dev.sigstore.cosign/chain"

    /// Longer than any chain that is allowed: a certificate takes 1 to 2 KB.
    static let maximumBytes = 64 * 1024

    private enum Form: Sendable, Hashable {
        case pem(String, chain: String?)
        /// Base64 of DER.
        case der(String)
    }

    private let form: Form

    /// nil when the annotations of a layer hold none.
    init?(annotations: [String: String]) {
        guard let certificate = annotations[Self.certificateAnnotation], !certificate.isEmpty else { return nil }
        form = .pem(certificate, chain: annotations[Self.chainAnnotation])
    }

    /// nil when a bundle's material holds none.
    init?(material: Value) {
        guard let text = material["certificate"]?["rawBytes"]?.string else { return nil }
        form = .der(text)
    }

    /// The certificate, and those that came along to stand between it and a root.
    ///
    /// - Throws: ``SignatureFailure/certificateUntrusted(_:)`` for what is no certificate: a bare public key in its
    ///   place included (cosign GHSA-fx35-mq7g-6g98).
    func read() throws(SignatureFailure) -> (leaf: Certificate, intermediates: [Certificate]) {
        do throws(CertificateError) {
            switch form {
            case .pem(let leaf, let chain):
                guard leaf.utf8.count + (chain?.utf8.count ?? 0) <= Self.maximumBytes else { throw .tooLong }
                let intermediates = try chain.map { text throws(CertificateError) in
                    text.isEmpty ? [] : try Certificate.chain(inPEM: text)
                }
                return (try Certificate(pem: leaf), intermediates ?? [])
            case .der(let text):
                guard text.utf8.count <= Self.maximumBytes else { throw .tooLong }
                guard let der = Base64.decode(text) else { throw .malformed("it is not base64") }
                return (try Certificate(der: der), [])
            }
        } catch {
            throw .certificateUntrusted("what comes with the signature cannot be read: \(error)")
        }
    }
}

extension CertificateError {
    fileprivate static var tooLong: CertificateError {
        .malformed("it is longer than \(AttachedCertificate.maximumBytes) bytes")
    }
}

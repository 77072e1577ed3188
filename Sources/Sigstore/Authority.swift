import OpenSSL

/// Whom a signature is believed to be by: a key, or a certificate. Which one, the policy says.
///
/// Source: spec/verify-images.md, "Attestors".
public enum Authority: Sendable, Hashable {
    case key(PublicKey)
    /// One certificate, whatever comes with the signature. With a chain, whose last certificate is the root, it must
    /// lead there; with none it is believed as it is, as long as it is valid.
    case certificate(Certificate, chain: [Certificate])
    /// Any certificate for signing that comes with the signature and was issued under one of these.
    case issued(under: [Certificate])

    /// What a signature is to be verified with.
    public struct Key: Sendable {
        public let key: PublicKey
        /// The last second in which it may be used, since 1970; nil for ever.
        public let validUntil: Int?
    }

    /// The key that a signature must have been made with.
    ///
    /// - Parameters:
    ///   - attached: the certificate that comes with the signature. It is looked at only for ``issued(under:)``.
    ///   - time: when the signature was made as far as that can be proven, else now; in seconds since 1970.
    /// - Throws: ``SignatureFailure/noCertificate``, ``SignatureFailure/certificateUntrusted(_:)`` or
    ///   ``SignatureFailure/certificateExpired(_:)``.
    public func key(_ attached: AttachedCertificate?, at time: Int) throws(SignatureFailure) -> Key {
        switch self {
        case .key(let key):
            return Key(key: key, validUntil: nil)
        case .certificate(let certificate, let chain):
            return try Self.key(of: certificate, to: Array(chain.suffix(1)), through: chain.dropLast(), at: time)
        case .issued(let roots):
            guard let attached else { throw .noCertificate }
            let (leaf, intermediates) = try attached.read()
            guard !roots.isEmpty else { throw .certificateUntrusted("the policy trusts no authority") }
            return try Self.key(of: leaf, to: roots, through: intermediates, at: time)
        }
    }

    private static func key(
        of certificate: Certificate, to roots: [Certificate], through intermediates: [Certificate], at time: Int
    ) throws(SignatureFailure) -> Key {
        do throws(CertificateChainError) {
            var validUntil = certificate.notAfter
            if roots.isEmpty {
                try certificate.checkValidity(at: time)
            } else {
                validUntil = try certificate.verifyChain(to: roots, through: intermediates, at: time)
            }
            return Key(key: try Self.publicKey(of: certificate), validUntil: validUntil)
        } catch {
            switch error {
            case .expired, .notYetValid: throw .certificateExpired(error.description)
            case .untrusted, .notForSigning: throw .certificateUntrusted(error.description)
            }
        }
    }

    private static func publicKey(of certificate: Certificate) throws(CertificateChainError) -> PublicKey {
        do {
            return try certificate.publicKey
        } catch {
            throw .untrusted("its key cannot be used: \(error)")
        }
    }
}

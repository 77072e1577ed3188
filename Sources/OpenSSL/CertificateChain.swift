import COpenSSL

/// Why a certificate is not believed to belong to somebody who may sign.
public enum CertificateChainError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Times are in seconds since 1970; the place is 0 for the certificate itself, and counts its issuers up from 1.
    case expired(notAfter: Int, place: Int)
    case notYetValid(notBefore: Int, place: Int)
    /// No chain leads from it to a trusted certificate.
    case untrusted(String)
    /// It was issued for something else than signing.
    case notForSigning(String)

    public var description: String {
        switch self {
        case .expired(let notAfter, let place): "\(Self.name(place)) expired on \(UnixTime.text(notAfter))"
        case .notYetValid(let notBefore, let place):
            "\(Self.name(place)) is not valid before \(UnixTime.text(notBefore))"
        case .untrusted(let reason): reason
        case .notForSigning(let reason): "it is not for signing: \(reason)"
        }
    }

    private static func name(_ place: Int) -> String { place == 0 ? "the certificate" : "the certificate's issuer" }
}

extension Certificate {
    /// Checks that a certificate was issued for code signing, under one that is trusted.
    ///
    /// As Go's `x509.Verify` with the code signing usage, which cosign relies on: an extended key usage restricts
    /// everything below it, and where none is given anything is allowed. Keys, and the hashes of signatures between
    /// certificates, must have 112 bits of security. Nothing but the certificates given is trusted or looked up.
    ///
    /// Source: RFC 5280, section 6.
    /// - Parameters:
    ///   - anchors: trusted as they are, whether issued by themselves or by others.
    ///   - intermediates: may stand between, and are not trusted.
    ///   - time: in seconds since 1970, when all of the chain must be valid; nil to leave validity alone.
    /// - Returns: the last second in which all of the chain is valid, in seconds since 1970.
    /// - Throws: ``CertificateChainError``.
    @discardableResult
    public func verifyChain(
        to anchors: [Certificate], through intermediates: [Certificate], at time: Int?
    ) throws(CertificateChainError) -> Int {
        // (1) A chain of signatures, names, path lengths and times leads to an anchor, through issuers whose basic
        // constraints say that they are authorities; a key usage alone does not.
        let chain = try buildChain(to: anchors, through: intermediates, at: time)

        // (2) Nobody on the way restricts the use to something else.
        for certificate in chain {
            let usage = unsafe X509_get_extended_key_usage(certificate.pointer)
            guard usage == UInt32.max || usage & (xkuCodeSign | xkuAny) != 0 else {
                throw .notForSigning("its extended key usage, or an issuer's, does not allow code signing")
            }
        }
        let usage = unsafe X509_get_key_usage(pointer)
        guard usage == UInt32.max || usage & keyUsageDigitalSignature != 0 else {
            throw .notForSigning("its key usage does not allow digital signatures")
        }
        return chain.reduce(notAfter) { min($0, $1.notAfter) }
    }

    /// Checks that the certificate itself is valid at a time, in seconds since 1970.
    ///
    /// - Throws: ``CertificateChainError/expired(notAfter:place:)`` or
    ///   ``CertificateChainError/notYetValid(notBefore:place:)``.
    public func checkValidity(at time: Int) throws(CertificateChainError) {
        if time > notAfter { throw .expired(notAfter: notAfter, place: 0) }
        if time < notBefore { throw .notYetValid(notBefore: notBefore, place: 0) }
    }

    /// - Returns: the certificates from this one to the anchor.
    private func buildChain(
        to anchors: [Certificate], through intermediates: [Certificate], at time: Int?
    ) throws(CertificateChainError) -> [Certificate] {
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        let store = unsafe Handle(required: X509_STORE_new(), freedBy: X509_STORE_free)
        let context = unsafe Handle(required: X509_STORE_CTX_new(), freedBy: X509_STORE_CTX_free)
        // The stack does not own what is on it: `intermediates` does.
        let stack = unsafe Handle(required: OPENSSL_sk_new_null(), freedBy: OPENSSL_sk_free)
        for anchor in anchors {
            guard unsafe X509_STORE_add_cert(store.pointer, anchor.pointer) == 1 else {
                throw .untrusted(ErrorQueue.drain())
            }
        }
        for intermediate in intermediates {
            guard unsafe OPENSSL_sk_push(stack.pointer, UnsafeRawPointer(intermediate.pointer)) > 0 else {
                throw .untrusted(ErrorQueue.drain())
            }
        }
        return try withExtendedLifetime((self, intermediates)) { () throws(CertificateChainError) in
            guard unsafe X509_STORE_CTX_init(context.pointer, store.pointer, pointer, stack.pointer) == 1 else {
                throw .untrusted(ErrorQueue.drain())
            }
            Self.setParameters(of: context, time: time)
            guard unsafe X509_verify_cert(context.pointer) == 1 else { throw Self.failure(of: context) }
            return try Self.chain(of: context)
        }
    }

    private static func setParameters(of context: borrowing Handle, time: Int?) {
        let parameters = unsafe X509_STORE_CTX_get0_param(context.pointer)
        var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
        if let time {
            unsafe X509_VERIFY_PARAM_set_time(parameters, time_t(time))
        } else {
            flags |= UInt(X509_V_FLAG_NO_CHECK_TIME)
        }
        unsafe X509_VERIFY_PARAM_set_flags(parameters, flags)
        unsafe X509_VERIFY_PARAM_set_depth(parameters, CInt(maximumChainLength))
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, securityLevel)
    }

    private static func failure(of context: borrowing Handle) -> CertificateChainError {
        let code = unsafe X509_STORE_CTX_get_error(context.pointer)
        let place = unsafe Int(X509_STORE_CTX_get_error_depth(context.pointer))
        let current = unsafe X509_STORE_CTX_get_current_cert(context.pointer)
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return unsafe .expired(notAfter: seconds(X509_get0_notAfter(current)) ?? 0, place: place)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return unsafe .notYetValid(notBefore: seconds(X509_get0_notBefore(current)) ?? 0, place: place)
        default:
            return unsafe .untrusted(String(cString: X509_verify_cert_error_string(CLong(code))))
        }
    }

    private static func chain(of context: borrowing Handle) throws(CertificateChainError) -> [Certificate] {
        let stack = unsafe X509_STORE_CTX_get0_chain(context.pointer)
        var chain: [Certificate] = []
        for index in 0..<max(0, unsafe OPENSSL_sk_num(stack)) {
            guard let value = unsafe OPENSSL_sk_value(stack, index) else { continue }
            let certificate = OpaquePointer(value)
            guard let der = unsafe encoded({ output in unsafe i2d_X509(certificate, output) }),
                let copy = try? Certificate(der: der)
            else { throw .untrusted("a certificate of the chain cannot be read") }
            chain.append(copy)
        }
        guard !chain.isEmpty else { throw .untrusted("there is no chain") }
        return chain
    }

    /// Two-key triple DES and RSA of 2048 bits are at this level, SHA-1 is below (NIST SP 800-57, 112 bits).
    private static let securityLevel: CInt = 2
}

// Of x509v3.h, whose constants Swift imports with other types than the functions that use them.
private let xkuCodeSign = UInt32(XKU_CODE_SIGN)
private let xkuAny = UInt32(XKU_ANYEKU)
private let keyUsageDigitalSignature = UInt32(KU_DIGITAL_SIGNATURE)

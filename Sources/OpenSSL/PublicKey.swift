import COpenSSL

/// A public key that signatures are checked with: parsed once, then shared by every thread.
///
/// Supported are ECDSA on P-256, P-384 and P-521, RSA of 2048 bits or more with PKCS#1 v1.5, and Ed25519.
///
/// `@unchecked Sendable`: the EVP_PKEY behind it is set once, never changed and freed with the last reference; OpenSSL 3
/// lets any number of threads verify with one EVP_PKEY, each with a context of its own.
@safe
public final class PublicKey: @unchecked Sendable, Hashable, CustomStringConvertible {
    public enum Algorithm: Sendable, Hashable {
        case ecdsaP256, ecdsaP384, ecdsaP521
        case rsa(bits: Int)
        case ed25519
    }

    /// NIST SP 800-131A and cosign alike.
    public static let minimumRSABits = 2048
    /// What Go's TLS takes at most. Checking a modulus takes 0.1 s at this size and 0.8 s at twice the size.
    public static let maximumRSABits = 8192
    /// The DER of an RSA key of 16384 bits has 2.1 KB; what is longer is not looked at.
    public static let maximumDERBytes = 4096
    /// More keys than this in one text are a mistake, and each costs a verification.
    public static let maximumKeysInText = 100

    public let algorithm: Algorithm
    /// The key as SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    public let der: [UInt8]
    /// SHA-256 of ``der``. A cosign bundle's key hint is its base64.
    public let fingerprint: SHA256Digest

    private let handle: Handle

    /// Parses a SubjectPublicKeyInfo.
    ///
    /// - Throws: ``KeyError`` for anything but one supported key in its one DER encoding.
    public init(der: [UInt8]) throws(KeyError) {
        // (1) It decodes, and nothing follows it.
        let handle = try Self.decode(der)

        // (2) Its kind, curve and size are among those that we verify with.
        self.algorithm = try Self.supportedAlgorithm(of: handle)

        // (3) Its numbers are a key: the point lies on the curve and is not the neutral element; the modulus is composite.
        try Self.checkNumbers(of: handle)

        // (4) Encoding it again gives the same bytes, so that one key has one fingerprint.
        guard Self.encode(handle) == der else { throw .notCanonical }

        self.der = der
        self.fingerprint = SHA256Digest(of: der)
        self.handle = handle
    }

    /// Parses a PEM text that holds exactly one key: a `PUBLIC KEY` block, or `RSA PUBLIC KEY`, which cosign reads too.
    ///
    /// - Throws: ``KeyError``.
    public convenience init(pem: String) throws(KeyError) {
        let ders = try Self.publicKeyDERs(inPEM: pem)
        guard ders.count == 1 else { throw .severalKeys(count: ders.count) }
        try self.init(der: ders[0])
    }

    /// Parses a PEM text that holds one key or more. Outside the blocks only white space and `#` comments may stand.
    ///
    /// - Throws: ``KeyError`` when any part of the text is not a usable key.
    public static func all(inPEM pem: String) throws(KeyError) -> [PublicKey] {
        var keys: [PublicKey] = []
        for der in try publicKeyDERs(inPEM: pem) { keys.append(try PublicKey(der: der)) }
        return keys
    }

    public var pem: String { PEM.encode(der, label: "PUBLIC KEY") }

    public var description: String { "\(algorithm) \(fingerprint)" }

    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.der == right.der }

    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

// MARK: - Verifying

extension PublicKey {
    /// Whether `signature` was made over `message` with this key's private half.
    ///
    /// ECDSA signatures are ASN.1 DER (strict), RSA ones PKCS#1 v1.5. Ed25519 is pure and ignores `hash`.
    ///
    /// - Parameter hash: The hash that the signature must be over. nil, where a policy does not say: SHA-256, and for
    ///   P-384 and P-521 also the curve's own SHA-384 or SHA-512, which newer cosign uses.
    public func isSignature(_ signature: [UInt8], over message: [UInt8], hash: HashAlgorithm?) -> Bool {
        if let hash { return verify(signature, over: message, hash: hash) }
        if verify(signature, over: message, hash: .sha256) { return true }
        switch algorithm {
        case .ecdsaP384: return verify(signature, over: message, hash: .sha384)
        case .ecdsaP521: return verify(signature, over: message, hash: .sha512)
        case .ecdsaP256, .rsa, .ed25519: return false
        }
    }

    private func verify(_ signature: [UInt8], over message: [UInt8], hash: HashAlgorithm) -> Bool {
        guard !signature.isEmpty else { return false }
        ErrorQueue.clear()
        // A wrong signature leaves its reason in the queue, which the next call on this thread must not find.
        defer { ErrorQueue.clear() }
        guard let context = unsafe Handle(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free) else { return false }
        let md = unsafe algorithm == .ed25519 ? nil : hash.implementation
        guard unsafe EVP_DigestVerifyInit(context.pointer, nil, md, nil, handle.pointer) == 1 else { return false }
        let verified = unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe EVP_DigestVerify(
                    context.pointer, signature.baseAddress, signature.count, message.baseAddress, message.count)
            }
        }
        return verified == 1
    }
}

// MARK: - Reading PEM

extension PublicKey {
    private static func publicKeyDERs(inPEM pem: String) throws(KeyError) -> [[UInt8]] {
        let blocks: [PEMBlock]
        do {
            blocks = try PEM.blocks(in: pem, outside: .comments)
        } catch {
            // Somebody who pastes a file with both keys, or a damaged one, must still hear that the private one is out.
            if pem.contains("PRIVATE KEY-----") { throw .privateKeyPasted }
            if pem.contains("-----BEGIN CERTIFICATE-----") { throw .certificatePasted }
            throw pem.contains("-----BEGIN ")
                ? .notPEM(error.reason) : .notPEM("it has no -----BEGIN PUBLIC KEY----- line")
        }
        if blocks.contains(where: { $0.label.hasSuffix("PRIVATE KEY") }) { throw .privateKeyPasted }
        if blocks.isEmpty { throw .empty }
        guard blocks.count <= maximumKeysInText else { throw .severalKeys(count: blocks.count) }
        var ders: [[UInt8]] = []
        for block in blocks {
            guard !block.hasHeaders else { throw .notPEM("the \(block.label) block has header lines") }
            switch block.label {
            case "PUBLIC KEY": ders.append(block.der)
            case "RSA PUBLIC KEY": ders.append(SubjectPublicKeyInfo.wrapping(pkcs1: block.der))
            case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE": throw .certificatePasted
            default: throw .unexpectedBlock(label: block.label)
            }
        }
        return ders
    }
}

// MARK: - Decoding and checking

extension PublicKey {
    private static func decode(_ der: [UInt8]) throws(KeyError) -> Handle {
        guard !der.isEmpty else { throw .empty }
        guard der.count <= maximumDERBytes else { throw .malformed("it is longer than \(maximumDERBytes) bytes") }
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        var consumed = 0
        let decoded = unsafe der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            let key = unsafe d2i_PUBKEY(nil, &position, buffer.count)
            if let start = buffer.baseAddress, let end = unsafe position { consumed = unsafe end - start }
            return unsafe key
        }
        guard let handle = unsafe Handle(decoded, freedBy: EVP_PKEY_free) else {
            throw .malformed(ErrorQueue.drain())
        }
        guard consumed == der.count else { throw .trailingData(bytes: der.count - consumed) }
        return handle
    }

    private static func encode(_ handle: borrowing Handle) -> [UInt8]? {
        unsafe encoded { output in unsafe i2d_PUBKEY(handle.pointer, output) }
    }

    private static func supportedAlgorithm(of handle: borrowing Handle) throws(KeyError) -> Algorithm {
        switch unsafe EVP_PKEY_get_base_id(handle.pointer) {
        case EVP_PKEY_EC:
            return try supportedCurve(of: handle)
        case EVP_PKEY_RSA:
            let bits = Int(unsafe EVP_PKEY_get_bits(handle.pointer))
            guard bits >= minimumRSABits else { throw .rsaTooSmall(bits: bits) }
            guard bits <= maximumRSABits else { throw .rsaTooLarge(bits: bits) }
            return .rsa(bits: bits)
        case EVP_PKEY_ED25519:
            return .ed25519
        default:
            guard let name = unsafe EVP_PKEY_get0_type_name(handle.pointer) else {
                throw .unsupportedAlgorithm("unknown")
            }
            throw .unsupportedAlgorithm(unsafe String(cString: name))
        }
    }

    private static func supportedCurve(of handle: borrowing Handle) throws(KeyError) -> Algorithm {
        // OpenSSL recognises a known curve behind explicit parameters, so ask how the key was written before which it is.
        var explicit: CInt = 1
        let known = unsafe EVP_PKEY_get_int_param(
            handle.pointer, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit)
        guard known == 1, explicit == 0 else { throw .explicitCurveParameters }
        let curve = text(of: handle, OSSL_PKEY_PARAM_GROUP_NAME) ?? "unknown"
        let form = text(of: handle, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT)
        let algorithm: Algorithm
        switch curve {
        case "prime256v1": algorithm = .ecdsaP256
        case "secp384r1": algorithm = .ecdsaP384
        case "secp521r1": algorithm = .ecdsaP521
        default: throw .unsupportedCurve(curve)
        }
        guard form == "uncompressed" else { throw .compressedPoint }
        return algorithm
    }

    private static func text(of handle: borrowing Handle, _ parameter: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 80)
        var length = 0
        let found = unsafe EVP_PKEY_get_utf8_string_param(
            handle.pointer, parameter, &buffer, buffer.count, &length)
        guard found == 1, length < buffer.count else { return nil }
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func checkNumbers(of handle: borrowing Handle) throws(KeyError) {
        ErrorQueue.clear()
        guard let context = unsafe Handle(EVP_PKEY_CTX_new(handle.pointer, nil), freedBy: EVP_PKEY_CTX_free) else {
            throw .malformed(ErrorQueue.drain())
        }
        guard unsafe EVP_PKEY_public_check(context.pointer) == 1 else { throw .malformed(ErrorQueue.drain()) }
    }
}

import COpenSSL

/// A private key: made or loaded, and signed with. For the server's own certificate, the demo and the tests.
///
/// `@unchecked Sendable`: the EVP_PKEY behind it is set once, never changed and freed with the last reference; OpenSSL 3
/// lets any number of threads sign with one EVP_PKEY, each with a context of its own.
@safe
public final class PrivateKey: @unchecked Sendable {
    public enum Kind: Sendable, Hashable {
        case ecdsaP256, ecdsaP384, ecdsaP521
        case rsa(bits: Int)
        case ed25519
    }

    public let publicKey: PublicKey

    private let handle: Handle

    /// OpenSSL's EVP_PKEY, for this module's own calls; valid as long as this object lives.
    @unsafe
    var pointer: OpaquePointer { unsafe handle.pointer }

    private init(_ handle: consuming Handle) throws(KeyError) {
        // The public half is held to the same rules as any other, so the sizes and curves need no second list here.
        guard let der = unsafe encoded({ output in unsafe i2d_PUBKEY(handle.pointer, output) }) else {
            throw .refused("it has no public half")
        }
        self.publicKey = try PublicKey(der: der)
        self.handle = handle
    }

    /// Makes a new key.
    ///
    /// - Throws: ``KeyError`` when OpenSSL cannot make it, or for RSA sizes that ``PublicKey`` does not take.
    public static func generate(_ kind: Kind = .ecdsaP256) throws(KeyError) -> PrivateKey {
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        let name =
            switch kind {
            case .ecdsaP256, .ecdsaP384, .ecdsaP521: "EC"
            case .rsa: "RSA"
            case .ed25519: "ED25519"
            }
        guard let context = unsafe Handle(EVP_PKEY_CTX_new_from_name(nil, name, nil), freedBy: EVP_PKEY_CTX_free),
            unsafe EVP_PKEY_keygen_init(context.pointer) == 1
        else { throw .refused(ErrorQueue.drain()) }
        let configured =
            switch kind {
            case .ecdsaP256: unsafe EVP_PKEY_CTX_set_group_name(context.pointer, "P-256")
            case .ecdsaP384: unsafe EVP_PKEY_CTX_set_group_name(context.pointer, "P-384")
            case .ecdsaP521: unsafe EVP_PKEY_CTX_set_group_name(context.pointer, "P-521")
            case .rsa(let bits): unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context.pointer, CInt(clamping: bits))
            case .ed25519: CInt(1)
            }
        guard configured == 1 else { throw .refused(ErrorQueue.drain()) }
        var generated: OpaquePointer?
        guard unsafe EVP_PKEY_generate(context.pointer, &generated) == 1,
            let handle = unsafe Handle(generated, freedBy: EVP_PKEY_free)
        else { throw .refused(ErrorQueue.drain()) }
        return try PrivateKey(handle)
    }

    /// Loads the one private key of a PEM text: PKCS#8, or the older `EC PRIVATE KEY` and `RSA PRIVATE KEY`.
    ///
    /// - Throws: ``KeyError``, by name for encrypted keys and for texts that hold something else.
    public convenience init(pem: String) throws(KeyError) {
        let block = try Self.privateKeyBlock(in: pem)
        try self.init(try Self.decode(block))
    }

    /// The key as an unencrypted PKCS#8 `PRIVATE KEY` block.
    public var pem: String {
        get throws(KeyError) {
            ErrorQueue.clear()
            guard let info = unsafe Handle(EVP_PKEY2PKCS8(handle.pointer), freedBy: PKCS8_PRIV_KEY_INFO_free),
                let der = unsafe encoded({ output in unsafe i2d_PKCS8_PRIV_KEY_INFO(info.pointer, output) })
            else { throw .refused(ErrorQueue.drain()) }
            return PEM.encode(der, label: "PRIVATE KEY")
        }
    }

    /// Signs `message`: ECDSA as ASN.1 DER, RSA as PKCS#1 v1.5, Ed25519 pure (`hash` is ignored).
    ///
    /// - Throws: ``KeyError/refused(_:)``.
    public func sign(_ message: [UInt8], hash: HashAlgorithm = .sha256) throws(KeyError) -> [UInt8] {
        ErrorQueue.clear()
        let md = unsafe publicKey.algorithm == .ed25519 ? nil : hash.implementation
        guard let context = unsafe Handle(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free),
            unsafe EVP_DigestSignInit(context.pointer, nil, md, nil, handle.pointer) == 1
        else { throw .refused(ErrorQueue.drain()) }
        var length = Int(unsafe EVP_PKEY_get_size(handle.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        let signed = unsafe message.withUnsafeBufferPointer { message in
            unsafe signature.withUnsafeMutableBufferPointer { output in
                unsafe EVP_DigestSign(
                    context.pointer, output.baseAddress, &length, message.baseAddress, message.count)
            }
        }
        guard signed == 1 else { throw .refused(ErrorQueue.drain()) }
        return [UInt8](signature.prefix(length))
    }
}

// MARK: - Reading PEM

extension PrivateKey {
    private static func privateKeyBlock(in pem: String) throws(KeyError) -> PEMBlock {
        let blocks: [PEMBlock]
        do {
            blocks = try PEM.blocks(in: pem, outside: .anything)
        } catch {
            throw .notPEM(error.reason)
        }
        // `openssl ecparam -genkey` writes the curve's name in a block of its own above the key.
        let candidates = blocks.filter { $0.label != "EC PARAMETERS" }
        guard let block = candidates.first else {
            throw pem.isEmpty ? .empty : .notPEM("it has no -----BEGIN PRIVATE KEY----- line")
        }
        guard candidates.count == 1 else { throw .severalKeys(count: candidates.count) }
        guard block.label.hasSuffix("PRIVATE KEY") else { throw .unexpectedBlock(label: block.label) }
        guard !block.hasHeaders, !block.label.hasPrefix("ENCRYPTED ") else { throw .encrypted }
        return block
    }

    private static func decode(_ block: PEMBlock) throws(KeyError) -> Handle {
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        var consumed = 0
        let decoded = unsafe block.der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var position = buffer.baseAddress
            defer { if let start = buffer.baseAddress, let end = unsafe position { consumed = unsafe end - start } }
            switch block.label {
            case "EC PRIVATE KEY":
                return unsafe d2i_PrivateKey(EVP_PKEY_EC, nil, &position, buffer.count)
            case "RSA PRIVATE KEY":
                return unsafe d2i_PrivateKey(EVP_PKEY_RSA, nil, &position, buffer.count)
            default:
                guard
                    let info = unsafe Handle(
                        d2i_PKCS8_PRIV_KEY_INFO(nil, &position, buffer.count), freedBy: PKCS8_PRIV_KEY_INFO_free)
                else { return nil }
                return unsafe EVP_PKCS82PKEY(info.pointer)
            }
        }
        guard let handle = unsafe Handle(decoded, freedBy: EVP_PKEY_free) else { throw .malformed(ErrorQueue.drain()) }
        guard consumed == block.der.count else { throw .trailingData(bytes: block.der.count - consumed) }
        return handle
    }
}

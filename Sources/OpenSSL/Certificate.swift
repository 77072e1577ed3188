import COpenSSL

/// An X.509 certificate, parsed once.
///
/// `@unchecked Sendable`: the X509 behind it is set once, its lazily computed parts are computed before it is shared, and
/// it is freed with the last reference; OpenSSL guards the reference count with atomics.
@safe
public final class Certificate: @unchecked Sendable, Hashable {
    /// Longer chains than this are a mistake: real ones have two or three.
    public static let maximumChainLength = 16

    public let der: [UInt8]
    /// SHA-256 of ``der``.
    public let fingerprint: SHA256Digest
    /// When it becomes valid, in seconds since 1970.
    public let notBefore: Int
    /// The last second in which it is valid, in seconds since 1970.
    public let notAfter: Int

    private let handle: Handle

    /// The X509; valid as long as this object lives.
    @unsafe
    var pointer: OpaquePointer { unsafe handle.pointer }

    /// Parses one DER certificate.
    ///
    /// - Throws: ``CertificateError``.
    public init(der: [UInt8]) throws(CertificateError) {
        guard !der.isEmpty else { throw .empty }
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        var consumed = 0
        let decoded = unsafe der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            let certificate = unsafe d2i_X509(nil, &position, buffer.count)
            if let start = buffer.baseAddress, let end = unsafe position { consumed = unsafe end - start }
            return unsafe certificate
        }
        guard let handle = unsafe Handle(decoded, freedBy: X509_free) else { throw .malformed(ErrorQueue.drain()) }
        guard consumed == der.count else { throw .trailingData(bytes: der.count - consumed) }
        // This computes what OpenSSL would otherwise compute lazily, on whichever thread asks first.
        guard unsafe X509_check_purpose(handle.pointer, -1, 0) == 1 else { throw .malformed(ErrorQueue.drain()) }
        guard let notBefore = unsafe Self.seconds(X509_get0_notBefore(handle.pointer)),
            let notAfter = unsafe Self.seconds(X509_get0_notAfter(handle.pointer))
        else { throw .malformed(ErrorQueue.drain()) }
        ErrorQueue.clear()
        self.der = der
        self.fingerprint = SHA256Digest(of: der)
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.handle = handle
    }

    /// Parses a PEM text that holds exactly one certificate. Text outside the block is passed over.
    ///
    /// - Throws: ``CertificateError``.
    public convenience init(pem: String) throws(CertificateError) {
        let ders = try Self.ders(inPEM: pem)
        guard ders.count == 1 else { throw .severalCertificates(count: ders.count) }
        try self.init(der: ders[0])
    }

    /// Parses a PEM text that holds one certificate or more, in order. Text outside the blocks is passed over.
    ///
    /// - Throws: ``CertificateError``.
    public static func chain(inPEM pem: String) throws(CertificateError) -> [Certificate] {
        var certificates: [Certificate] = []
        for der in try ders(inPEM: pem) { certificates.append(try Certificate(der: der)) }
        return certificates
    }

    public var pem: String { PEM.encode(der, label: "CERTIFICATE") }

    /// The key that the certificate is for.
    ///
    /// - Throws: ``KeyError`` when it is none that ``PublicKey`` takes.
    public var publicKey: PublicKey {
        get throws(KeyError) {
            guard let info = unsafe X509_get_X509_PUBKEY(pointer),
                let der = unsafe encoded({ output in unsafe i2d_X509_PUBKEY(info, output) })
            else { throw .malformed("the certificate has no key that OpenSSL can read") }
            return try PublicKey(der: der)
        }
    }

    /// Whether `key` is the private half of the certificate's key.
    public func isFor(_ key: PrivateKey) -> Bool {
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        return unsafe X509_check_private_key(pointer, key.pointer) == 1
    }

    public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }

    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }

    private static func ders(inPEM pem: String) throws(CertificateError) -> [[UInt8]] {
        let blocks: [PEMBlock]
        do {
            blocks = try PEM.blocks(in: pem, outside: .anything)
        } catch {
            throw .notPEM(error.reason)
        }
        guard !blocks.isEmpty else { throw .empty }
        guard blocks.count <= maximumChainLength else { throw .severalCertificates(count: blocks.count) }
        for block in blocks where block.label != "CERTIFICATE" || block.hasHeaders {
            throw .unexpectedBlock(label: block.label)
        }
        return blocks.map(\.der)
    }

    @unsafe
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int? {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: CInt = 0
        var seconds: CInt = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Int(days) * 86_400 + Int(seconds)
    }
}

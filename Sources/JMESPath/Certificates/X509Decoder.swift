import JSON

/// Shows a certificate, or a request for one, as an object with the names that Go's `crypto/x509` has for its parts.
///
/// Parts that are not decoded (name constraints, policies, where revocation is published) are left out, rather than
/// shown as if the certificate had none. Keys other than RSA have no `PublicKey`.
///
/// Source: RFC 5280, RFC 2986; Kyverno's documentation of `x509_decode()`.
enum X509Decoder {
    /// What a byte of a certificate counts in memory: most parts are shown twice.
    static let cost = 32

    static func decode(pem: String) throws(X509Problem) -> Node {
        let (label, der) = try block(in: pem)
        switch label {
        case "CERTIFICATE": return .object(try certificate(der))
        case "CERTIFICATE REQUEST": return .object(try request(der))
        default: throw X509Problem(reason: "the PEM block holds neither a certificate nor a request for one")
        }
    }

    /// The first PEM block.
    private static func block(in pem: String) throws(X509Problem) -> (label: String, der: [UInt8]) {
        let problem = X509Problem(reason: "the text has no PEM block")
        guard let begin = pem.firstRange(of: "-----BEGIN "),
            let labelEnd = pem[begin.upperBound...].firstRange(of: "-----")
        else { throw problem }
        let label = String(pem[begin.upperBound..<labelEnd.lowerBound])
        guard let end = pem[labelEnd.upperBound...].firstRange(of: "-----END \(label)-----") else { throw problem }
        let base64 = pem[labelEnd.upperBound..<end.lowerBound].filter { !$0.isWhitespace }
        guard let der = Base64.decode(String(base64)) else { throw problem }
        return (label, der)
    }

    private static func certificate(_ der: [UInt8]) throws(X509Problem) -> ObjectNode {
        var outer = DERReader(der[...])
        let whole = try outer.next(DERTag.sequence)
        var parts = whole.reader
        let signed = try parts.next(DERTag.sequence)
        var object = try signature(&parts)
        var body = signed.reader

        let version = try body.nextIf(DERTag.context(0))
        var versionReader = version?.reader
        object.set("Version", to: number(1 + (try versionReader?.next().smallInteger() ?? 0)))
        object.set("SerialNumber", to: try BigInteger.node(try body.next(DERTag.integer).content))
        _ = try body.next(DERTag.sequence)
        let issuer = try body.next(DERTag.sequence)
        var validity = try body.next(DERTag.sequence).reader
        object.set("NotBefore", to: .string(try validity.next().time().description))
        object.set("NotAfter", to: .string(try validity.next().time().description))
        let subject = try body.next(DERTag.sequence)
        let key = try body.next(DERTag.sequence)
        object.set("Raw", to: base64(whole.encoding))
        object.set("RawTBSCertificate", to: base64(signed.encoding))
        object.set("RawIssuer", to: base64(issuer.encoding))
        object.set("Issuer", to: try DistinguishedName.node(issuer))
        try add(subject: subject, key: key, to: &object)

        var extensions: [DERReader.Element] = []
        while !body.isAtEnd {
            let element = try body.next()
            guard element.tag == DERTag.context(3) else { continue }
            var reader = element.reader
            var list = try reader.next(DERTag.sequence).reader
            extensions = try list.remaining()
        }
        try CertificateExtensions.add(extensions, to: &object)
        return object
    }

    private static func request(_ der: [UInt8]) throws(X509Problem) -> ObjectNode {
        var outer = DERReader(der[...])
        let whole = try outer.next(DERTag.sequence)
        var parts = whole.reader
        let signed = try parts.next(DERTag.sequence)
        var object = try signature(&parts)
        var body = signed.reader
        object.set("Version", to: number(try body.next().smallInteger()))
        let subject = try body.next(DERTag.sequence)
        let key = try body.next(DERTag.sequence)
        object.set("Raw", to: base64(whole.encoding))
        object.set("RawTBSCertificateRequest", to: base64(signed.encoding))
        try add(subject: subject, key: key, to: &object)

        var extensions: [DERReader.Element] = []
        var attributes = try body.nextIf(DERTag.context(0))?.reader
        for attribute in try attributes?.remaining() ?? [] {
            var reader = attribute.reader
            // PKCS #9 extensionRequest
            guard try reader.next().identifier() == [1, 2, 840, 113_549, 1, 9, 14] else { continue }
            var values = try reader.next(DERTag.set).reader
            var list = try values.next(DERTag.sequence).reader
            extensions += try list.remaining()
        }
        try CertificateExtensions.add(extensions, to: &object)
        return object
    }

    // MARK: Parts

    static func number(_ value: Int) -> Node { .number(.integer(value)) }

    static func base64(_ bytes: ArraySlice<UInt8>) -> Node { .string(Base64.encode(Array(bytes))) }

    /// What follows the signed part: the algorithm and the signature.
    private static func signature(_ parts: inout DERReader) throws(X509Problem) -> ObjectNode {
        var algorithm = try parts.next(DERTag.sequence).reader
        let identifier = try algorithm.next().identifier()
        var object = ObjectNode()
        object.set("SignatureAlgorithm", to: number(signatureAlgorithms[identifier] ?? 0))
        object.set("Signature", to: base64(try parts.next().bits()))
        return object
    }

    private static func add(
        subject: DERReader.Element,
        key: DERReader.Element,
        to object: inout ObjectNode
    ) throws(X509Problem) {
        object.set("RawSubject", to: base64(subject.encoding))
        object.set("Subject", to: try DistinguishedName.node(subject))
        object.set("RawSubjectPublicKeyInfo", to: base64(key.encoding))
        var reader = key.reader
        var algorithm = try reader.next(DERTag.sequence).reader
        let kind = keyAlgorithms[try algorithm.next().identifier()] ?? 0
        object.set("PublicKeyAlgorithm", to: number(kind))
        guard kind == 1 else { return }
        var outer = DERReader(try reader.next().bits())
        var numbers = try outer.next(DERTag.sequence).reader
        var publicKey = ObjectNode()
        publicKey.set("N", to: .string(try BigInteger.decimal(try numbers.next(DERTag.integer).content)))
        publicKey.set("E", to: number(try numbers.next().smallInteger()))
        object.set("PublicKey", to: .object(publicKey))
    }

    /// Go's numbers for RSA, ECDSA and Ed25519.
    private static let keyAlgorithms: [[Int]: Int] = [
        [1, 2, 840, 113_549, 1, 1, 1]: 1, [1, 2, 840, 10_045, 2, 1]: 3, [1, 3, 101, 112]: 4,
    ]

    /// Go's numbers for signature algorithms.
    private static let signatureAlgorithms: [[Int]: Int] = [
        [1, 2, 840, 113_549, 1, 1, 5]: 3, [1, 2, 840, 113_549, 1, 1, 11]: 4, [1, 2, 840, 113_549, 1, 1, 12]: 5,
        [1, 2, 840, 113_549, 1, 1, 13]: 6, [1, 2, 840, 10_045, 4, 1]: 9, [1, 2, 840, 10_045, 4, 3, 2]: 10,
        [1, 2, 840, 10_045, 4, 3, 3]: 11, [1, 2, 840, 10_045, 4, 3, 4]: 12, [1, 3, 101, 112]: 16,
    ]
}

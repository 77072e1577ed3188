import COpenSSL

extension Certificate {
    /// How far back a certificate that is made now begins, in seconds: clients whose clock is this far behind take it.
    public static let backdating = 3600

    /// Makes a server certificate that is its own issuer. As the only entry of a client's CA file, or of a webhook's
    /// caBundle, it makes that client trust this server and nothing else: it may not issue other certificates.
    ///
    /// - Parameters:
    ///   - dnsNames: Names that clients may ask for; `*.` at the beginning is allowed.
    ///   - ipAddresses: IPv4 and IPv6 addresses, as text.
    ///   - days: How long it is valid from now.
    /// - Throws: ``CertificateError/invalidName(_:)`` or ``CertificateError/refused(_:)``.
    public static func selfSigned(
        commonName: String, dnsNames: [String], ipAddresses: [String], key: PrivateKey, days: Int
    ) throws(CertificateError) -> Certificate {
        let now = UnixTime.now()
        let validity = (now - backdating)...(now + max(0, Int(Int32(clamping: days))) * 86_400)
        let draft = try CertificateDraft(commonName: commonName, validity: validity, key: key, issuer: nil)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        try draft.add(NID_ext_key_usage, "serverAuth")
        try draft.add(NID_subject_key_identifier, "hash")
        try draft.addAlternativeNames(dnsNames, ipAddresses)
        return try draft.signed(with: key)
    }
}

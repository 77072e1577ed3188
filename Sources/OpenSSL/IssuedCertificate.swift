import COpenSSL

extension Certificate {
    /// Makes an authority that vouches for servers, and for no further authority.
    ///
    /// Source: RFC 5280, sections 4.2.1.2, 4.2.1.3 and 4.2.1.9; Go's `x509` asks for the same.
    /// - Parameters:
    ///   - commonName: what sets it apart from other authorities in the same bundle; 64 bytes at most.
    ///   - validity: the first and the last second, since 1970.
    /// - Throws: ``CertificateError/invalidName(_:)`` or ``CertificateError/refused(_:)``.
    public static func authority(
        commonName: String, key: PrivateKey, validity: ClosedRange<Int>
    ) throws(CertificateError) -> Certificate {
        let draft = try CertificateDraft(commonName: commonName, validity: validity, key: key, issuer: nil)
        try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
        try draft.add(NID_subject_key_identifier, "hash")
        return try draft.signed(with: key)
    }

    /// Makes a server certificate that an authority vouches for.
    ///
    /// - Parameters:
    ///   - commonName: for people; clients look at the names alone.
    ///   - dnsNames: Names that clients may ask for; `*.` at the beginning is allowed.
    ///   - ipAddresses: IPv4 and IPv6 addresses, as text.
    ///   - key: what the server holds.
    ///   - validity: the first and the last second, since 1970.
    /// - Throws: ``CertificateError/invalidName(_:)``, or ``CertificateError/refused(_:)`` also when the authority's key
    ///   is not its certificate's.
    public static func server(
        commonName: String, dnsNames: [String], ipAddresses: [String], key: PrivateKey, validity: ClosedRange<Int>,
        issuer: Certificate, issuerKey: PrivateKey
    ) throws(CertificateError) -> Certificate {
        guard issuer.isFor(issuerKey) else { throw .refused("the authority's certificate is for another key") }
        let draft = try CertificateDraft(commonName: commonName, validity: validity, key: key, issuer: issuer)
        try draft.add(NID_basic_constraints, "critical,CA:FALSE")
        try draft.add(NID_key_usage, "critical,digitalSignature")
        try draft.add(NID_ext_key_usage, "serverAuth")
        try draft.add(NID_subject_key_identifier, "hash")
        try draft.add(NID_authority_key_identifier, "keyid:always")
        try draft.addAlternativeNames(dnsNames, ipAddresses)
        return try draft.signed(with: issuerKey)
    }

    /// Whether it may vouch for others: its basic constraints say so.
    public var isAuthority: Bool {
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        // 1 is an authority by its basic constraints; the other numbers are guesses about older certificates.
        return unsafe X509_check_ca(pointer) == 1
    }

    /// Whether `authority` vouches for it: an authority of the issuer's name, whose key made the signature. Times are
    /// left alone.
    public func isIssued(by authority: Certificate) -> Bool {
        guard authority.isAuthority else { return false }
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        return unsafe X509_check_issued(authority.pointer, pointer) == X509_V_OK
            && X509_verify(pointer, X509_get0_pubkey(authority.pointer)) == 1
    }

    /// Whether a client that asks for `host` takes it: one of its alternative names says so; the subject counts for
    /// nothing.
    ///
    /// - Parameter host: a name, or an IPv4 or IPv6 address without brackets.
    public func isFor(host: String) -> Bool {
        guard !host.isEmpty, !host.utf8.contains(0) else { return false }
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        let flags = CUnsignedInt(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        if unsafe X509_check_ip_asc(pointer, host, flags) == 1 { return true }
        return unsafe X509_check_host(pointer, host, host.utf8.count, flags, nil) == 1
    }
}

import COpenSSL

extension Certificate {
    /// Clients whose clock is this far behind still take a certificate that was made just now, in seconds.
    private static let clockSkew = 3600
    /// RFC 5280, section 4.1.2.2 allows 20 octets; 16 random ones are unique.
    private static let serialBits: CInt = 127
    /// RFC 5280's ub-common-name.
    private static let maximumCommonNameBytes = 64

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
        let alternativeNames = try subjectAlternativeNames(dnsNames, ipAddresses)
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        guard let draft = unsafe Handle(X509_new(), freedBy: X509_free) else { throw .refused(ErrorQueue.drain()) }
        try setBody(of: draft, commonName: commonName, key: key, days: days)
        var extensions: [(CInt, String)] = [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, "serverAuth"),
            (NID_subject_key_identifier, "hash"),
        ]
        if !alternativeNames.isEmpty { extensions.append((NID_subject_alt_name, alternativeNames)) }
        for (kind, value) in extensions { try add(kind, value, to: draft) }
        let md = unsafe key.publicKey.algorithm == .ed25519 ? nil : FetchedDigest.sha256.pointer
        guard unsafe X509_sign(draft.pointer, key.pointer, md) > 0,
            let der = unsafe encoded({ output in unsafe i2d_X509(draft.pointer, output) })
        else { throw .refused(ErrorQueue.drain()) }
        return try Certificate(der: der)
    }

    private static func setBody(
        of draft: borrowing Handle, commonName: String, key: PrivateKey, days: Int
    ) throws(CertificateError) {
        guard !commonName.isEmpty, commonName.utf8.count <= maximumCommonNameBytes else {
            throw .invalidName(commonName)
        }
        let name = [UInt8](commonName.utf8)
        let subject = unsafe X509_get_subject_name(draft.pointer)
        let filled =
            unsafe X509_set_version(draft.pointer, CLong(X509_VERSION_3)) == 1
            && setRandomSerial(of: draft)
            && X509_gmtime_adj(X509_getm_notBefore(draft.pointer), -clockSkew) != nil
            && X509_time_adj_ex(X509_getm_notAfter(draft.pointer), CInt(clamping: days), 0, nil) != nil
            && X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, CInt(name.count), -1, 0) == 1
            && X509_set_issuer_name(draft.pointer, subject) == 1
            && X509_set_pubkey(draft.pointer, key.pointer) == 1
        guard filled else { throw .refused(ErrorQueue.drain()) }
    }

    private static func setRandomSerial(of draft: borrowing Handle) -> Bool {
        let number = unsafe Handle(required: BN_new(), freedBy: BN_free)
        return unsafe BN_rand(number.pointer, serialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number.pointer, X509_get_serialNumber(draft.pointer)) != nil
    }

    private static func add(
        _ kind: CInt, _ value: String, to draft: borrowing Handle
    ) throws(CertificateError) {
        ErrorQueue.clear()
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, draft.pointer, draft.pointer, nil, nil, 0)
        guard let made = unsafe Handle(X509V3_EXT_conf_nid(nil, &context, kind, value), freedBy: X509_EXTENSION_free),
            unsafe X509_add_ext(draft.pointer, made.pointer, -1) == 1
        else { throw .refused(ErrorQueue.drain()) }
    }

    /// The value as OpenSSL's configuration language writes it; the names are checked, because a comma would end one.
    private static func subjectAlternativeNames(
        _ dnsNames: [String], _ ipAddresses: [String]
    ) throws(CertificateError) -> String {
        var entries: [String] = []
        for name in dnsNames {
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            let wellFormed = labels.enumerated().allSatisfy { index, label in
                (index == 0 && label == "*" && labels.count > 1) || isHostLabel(label)
            }
            guard wellFormed, name.utf8.count <= 253 else { throw .invalidName(name) }
            entries.append("DNS:\(name)")
        }
        for address in ipAddresses {
            ErrorQueue.clear()
            defer { ErrorQueue.clear() }
            guard let parsed = unsafe a2i_IPADDRESS(address) else { throw .invalidName(address) }
            unsafe ASN1_STRING_free(parsed)
            entries.append("IP:\(address)")
        }
        return entries.joined(separator: ",")
    }

    private static func isHostLabel(_ label: Substring) -> Bool {
        let allowed = label.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        return allowed && (1...63).contains(label.utf8.count)
    }
}

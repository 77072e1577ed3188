import COpenSSL

/// A certificate that is being made: a version 3 one with a random serial number, until it is signed.
struct CertificateDraft: ~Copyable {
    /// RFC 5280, section 4.1.2.2 allows 20 octets; 16 random ones are unique.
    private static let serialBits: CInt = 127
    /// RFC 5280's ub-common-name.
    private static let maximumCommonNameBytes = 64
    /// RFC 1035, section 2.3.4, without the dot at the end.
    private static let maximumNameBytes = 253

    private let handle: Handle
    /// Who vouches; nil for a certificate that vouches for itself.
    private let issuer: Certificate?

    /// - Parameters:
    ///   - validity: the first and the last second, since 1970.
    ///   - key: what the certificate is for; only its public half goes in.
    init(
        commonName: String, validity: ClosedRange<Int>, key: PrivateKey, issuer: Certificate?
    ) throws(CertificateError) {
        guard !commonName.isEmpty, commonName.utf8.count <= Self.maximumCommonNameBytes else {
            throw .invalidName(commonName)
        }
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        guard let handle = unsafe Handle(X509_new(), freedBy: X509_free),
            let start = unsafe Handle(
                ASN1_TIME_set(nil, validity.lowerBound).map { OpaquePointer($0) }, freedBy: Self.free),
            let end = unsafe Handle(
                ASN1_TIME_set(nil, validity.upperBound).map { OpaquePointer($0) }, freedBy: Self.free)
        else { throw .refused(ErrorQueue.drain()) }
        let name = [UInt8](commonName.utf8)
        let subject = unsafe X509_get_subject_name(handle.pointer)
        let issuerName = unsafe issuer.map { unsafe X509_get_subject_name($0.pointer) } ?? subject
        let isFilled =
            unsafe X509_set_version(handle.pointer, CLong(X509_VERSION_3)) == 1
            && Self.setRandomSerial(of: handle)
            && X509_set1_notBefore(handle.pointer, UnsafePointer(start.pointer)) == 1
            && X509_set1_notAfter(handle.pointer, UnsafePointer(end.pointer)) == 1
            && X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, CInt(name.count), -1, 0) == 1
            && X509_set_issuer_name(handle.pointer, issuerName) == 1
            && X509_set_pubkey(handle.pointer, key.pointer) == 1
        guard isFilled else { throw .refused(ErrorQueue.drain()) }
        self.handle = handle
        self.issuer = issuer
    }

    /// Adds an extension, its value as OpenSSL's configuration language writes it.
    func add(_ kind: CInt, _ value: String) throws(CertificateError) {
        ErrorQueue.clear()
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer?.pointer ?? handle.pointer, handle.pointer, nil, nil, 0)
        guard let made = unsafe Handle(X509V3_EXT_conf_nid(nil, &context, kind, value), freedBy: X509_EXTENSION_free),
            unsafe X509_add_ext(handle.pointer, made.pointer, -1) == 1
        else { throw .refused(ErrorQueue.drain()) }
    }

    /// Adds the names that clients may ask for; none adds nothing.
    func addAlternativeNames(_ dnsNames: [String], _ ipAddresses: [String]) throws(CertificateError) {
        let names = try Self.alternativeNames(dnsNames, ipAddresses)
        if !names.isEmpty { try add(NID_subject_alt_name, names) }
    }

    consuming func signed(with key: PrivateKey) throws(CertificateError) -> Certificate {
        ErrorQueue.clear()
        let pointer = unsafe handle.pointer
        let md = unsafe key.publicKey.algorithm == .ed25519 ? nil : FetchedDigest.sha256.pointer
        guard unsafe X509_sign(pointer, key.pointer, md) > 0,
            let der = unsafe encoded({ output in unsafe i2d_X509(pointer, output) })
        else { throw .refused(ErrorQueue.drain()) }
        return try Certificate(der: der)
    }

    @unsafe
    private static func free(_ time: OpaquePointer?) {
        unsafe ASN1_TIME_free(time.map { unsafe UnsafeMutablePointer($0) })
    }

    private static func setRandomSerial(of draft: borrowing Handle) -> Bool {
        let number = unsafe Handle(required: BN_new(), freedBy: BN_free)
        return unsafe BN_rand(number.pointer, serialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number.pointer, X509_get_serialNumber(draft.pointer)) != nil
    }

    /// The value as OpenSSL's configuration language writes it; the names are checked, because a comma would end one.
    private static func alternativeNames(
        _ dnsNames: [String], _ ipAddresses: [String]
    ) throws(CertificateError) -> String {
        var entries: [String] = []
        for name in dnsNames {
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            let wellFormed = labels.enumerated().allSatisfy { index, label in
                (index == 0 && label == "*" && labels.count > 1) || isHostLabel(label)
            }
            guard wellFormed, name.utf8.count <= maximumNameBytes else { throw .invalidName(name) }
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

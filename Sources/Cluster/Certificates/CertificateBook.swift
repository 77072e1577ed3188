import OpenSSL

/// An authority that we can issue from: its certificate and its key.
struct Authority: Sendable, Equatable {
    let certificate: Certificate
    let key: PrivateKey

    static func == (left: Authority, right: Authority) -> Bool {
        left.certificate == right.certificate && left.key.publicKey == right.key.publicKey
    }
}

/// What a server speaks TLS with; the key is the certificate's.
struct ServingPair: Sendable, Equatable {
    let certificate: Certificate
    let key: PrivateKey

    static func == (left: ServingPair, right: ServingPair) -> Bool {
        left.certificate == right.certificate && left.key.publicKey == right.key.publicKey
    }
}

/// Everything that the Secret says, when it can be served with.
struct CertificateBook: Sendable, Equatable {
    /// What is served with now.
    var pair: ServingPair
    /// Who vouches for ``pair``.
    var issuer: Certificate
    /// The key of ``issuer``; nil when the Secret has none that fits.
    var issuerKey: PrivateKey?
    /// The authority that follows ``issuer``: announced to the API servers, and not used before they trust it.
    var next: Authority?
    /// Authorities that replicas may still serve under for a while.
    var retired: [Certificate] = []

    /// What the API servers are to trust, each once.
    var bundle: [Certificate] { [issuer] + (next.map { [$0.certificate] } ?? []) + retired }

    /// The authority that issues now; nil without its key.
    var authority: Authority? { issuerKey.map { Authority(certificate: issuer, key: $0) } }

    /// Whether a client whose clock is ours would take it.
    func isUsable(at now: Int) -> Bool { !isExpired(at: now) && pair.certificate.hasBegun(at: now) }

    /// Whether no client takes it any more.
    func isExpired(at now: Int) -> Bool { now > pair.certificate.notAfter || now > issuer.notAfter }

    static func == (left: CertificateBook, right: CertificateBook) -> Bool {
        left.pair == right.pair && left.issuer == right.issuer && left.next == right.next
            && left.retired == right.retired && left.issuerKey?.publicKey == right.issuerKey?.publicKey
    }
}

/// What is left of a Secret that cannot be served with.
struct CertificateRemains: Sendable, Equatable {
    /// The certificates of authorities that it still has: some replica may serve under one of them.
    var authorities: [Certificate] = []
    /// One of ``authorities`` that it has the key of.
    var authority: Authority?
    /// What is wrong, without anything secret.
    var reason: String
}

extension Certificate {
    /// How far ahead of ours the clock may have been that a certificate was made by, in seconds: what a TLS server of
    /// ours accepts too.
    private static let clockSkew = 300

    func hasBegun(at now: Int) -> Bool { now >= notBefore - Self.clockSkew }

    func isValid(at now: Int) -> Bool { now <= notAfter && hasBegun(at: now) }
}

import OpenSSL

/// How long certificates live, and how long those around us take to follow a change.
public struct CertificateSchedule: Sendable, Hashable {
    /// How long an authority is valid, in seconds.
    public var authorityLifetime = 365 * 86_400
    /// How long a serving certificate is valid, in seconds; never beyond its authority.
    public var servingLifetime = 90 * 86_400
    /// The part of its life after which a certificate is replaced: what goes wrong then has a third of it to be mended.
    public var share = 2.0 / 3
    /// From when every webhook configuration carries a new authority until every API server trusts it. They watch their
    /// configurations, which takes milliseconds; one that is behind by more than this is out of touch with its etcd.
    public var propagation = Duration.seconds(5)
    /// From when a new certificate is served with until the authority of the old one is dropped: the other replicas
    /// watch the Secret, and one that lost its API server finds it again within this time.
    public var overlap = Duration.seconds(60)
    /// Between looks at the clock.
    public var tick = Duration.seconds(1)

    public static let standard = CertificateSchedule()

    public init() {}

    /// How long a replica waits for the leader to look at a Secret that no API server may trust: the leader takes that
    /// over by a rotation, which is a write, and then ``propagation``.
    var strangerDelay: Duration { propagation * 2 }

    /// Whether most of the authority's time has passed.
    func isDue(authority: Certificate, at now: Int) -> Bool {
        now >= authority.notAfter - spare(authority, authorityLifetime)
    }

    /// Whether most of the certificate's time has passed, and a new one under `issuer` would last longer.
    func isDue(serving: Certificate, under issuer: Certificate, at now: Int) -> Bool {
        guard now >= serving.notAfter - spare(serving, servingLifetime) else { return false }
        // At the end of an authority that cannot be followed, each would be due as it is made.
        return servingEnd(under: issuer, at: now) >= serving.notAfter + servingLifetime / 10
    }

    /// The last second of a serving certificate that is made now.
    func servingEnd(under issuer: Certificate, at now: Int) -> Int { min(now + servingLifetime, issuer.notAfter) }

    /// How long before its end it is replaced. Certificates begin before they are made: that time does not count.
    private func spare(_ certificate: Certificate, _ lifetime: Int) -> Int {
        let life = min(certificate.notAfter - certificate.notBefore, lifetime)
        return life - Int(Double(life) * min(max(share, 0), 1))
    }
}

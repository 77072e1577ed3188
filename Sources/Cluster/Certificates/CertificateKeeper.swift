import JSON
import OpenSSL

/// What one replica knows about the certificates: what the Secret says, what is served with, and since when.
///
/// A value that is told what happens and when, and does nothing by itself.
struct CertificateKeeper: Sendable {
    typealias Instant = ContinuousClock.Instant

    let plan: CertificatePlan

    /// The Secret as it was read last, while there is one.
    private(set) var secret: Value?
    /// Nil until it is known.
    private(set) var state: CertificateState?
    /// What is served with; nil until there is something.
    private(set) var remembered: CertificateBook?

    private var announcedSince: (next: Certificate, since: Instant)?
    private var retiredSince: [Certificate: Instant] = [:]
    private var seenSince: (pair: Certificate, since: Instant)?
    private var bundles: Set<String>?
    private var trust = CertificatePlan.Trust.unknown
    private var carried: [Certificate] = []

    init(plan: CertificatePlan) { self.plan = plan }

    /// The Secret is so, or is not there.
    mutating func take(_ secret: Value?, at instant: Instant) {
        self.secret = secret
        let state = secret.map { CertificateSecret.state(of: $0) } ?? .missing
        self.state = state
        guard let book = state.book else { return }
        if seenSince?.pair != book.pair.certificate { seenSince = (book.pair.certificate, instant) }
        let before = retiredSince
        retiredSince = [:]
        for certificate in book.retired { retiredSince[certificate] = before[certificate] ?? instant }
    }

    /// The webhook configurations carry these bundles, all of them together; nil while that is not known.
    mutating func take(bundles: Set<String>?, at instant: Instant) {
        if bundles != self.bundles {
            self.bundles = bundles
            (trust, carried) = Self.trust(bundles)
        }
        if let next = state?.book?.next?.certificate, trust.carries(next) {
            if announcedSince?.next != next { announcedSince = (next, instant) }
        } else {
            announcedSince = nil
        }
    }

    /// What this replica does about what the Secret says.
    enum Following: Sendable, Equatable {
        case nothing
        /// Serves with it, and says so by ``CertificateKeeper/remember(_:)`` when it does.
        case serve(CertificateBook)
        /// What is served with stays, if there is anything; in words for an operator.
        case problem(String)
    }

    /// - Parameter now: seconds since 1970.
    func following(now: Int, at instant: Instant) -> Following {
        if case .damaged(let remains) = state { return .problem(remains.reason) }
        guard let book = state?.book, book != remembered else { return .nothing }
        if plan.maySwitch(to: book, circumstances(now: now, at: instant)) { return .serve(book) }
        return book.isUsable(at: now) ? .nothing : .problem("its certificate is not valid now")
    }

    /// From now on `book` is served with.
    mutating func remember(_ book: CertificateBook) { remembered = book }

    /// What the webhooks of a leader carry, as PEM: what is served with, and also what the Secret says while it cannot be
    /// followed yet. Nil when nothing is served with.
    var bundle: String? {
        guard let remembered else { return nil }
        var certificates = remembered.bundle
        for certificate in state?.book?.bundle ?? [] where state?.book != remembered {
            if !certificates.contains(certificate) { certificates.append(certificate) }
        }
        // In an order of their own: that another one is served under is no reason to write all webhooks anew.
        let kept = certificates.prefix(CertificatePlan.maximumAuthorities).sorted {
            $0.fingerprint.hex < $1.fingerprint.hex
        }
        return CertificateSecret.pem(kept)
    }

    /// What a leader does next.
    ///
    /// - Parameter now: seconds since 1970.
    func action(now: Int, at instant: Instant) -> CertificateAction {
        guard let state else { return .wait }
        return plan.next(state, circumstances(now: now, at: instant))
    }

    private func circumstances(now: Int, at instant: Instant) -> CertificatePlan.Circumstances {
        var around = CertificatePlan.Circumstances(now: now, remembered: remembered, trust: trust)
        around.carried = carried
        around.isRotationAsked = secret.map { CertificateSecret.isRotationAsked(of: $0) } ?? false
        // The Secret may have changed since the configurations were looked at.
        if let announcedSince, announcedSince.next == state?.book?.next?.certificate {
            around.announcedFor = instant - announcedSince.since
        }
        around.retiredFor = retiredSince.mapValues { instant - $0 }
        around.seenFor = seenSince.map { instant - $0.since } ?? .zero
        return around
    }

    /// What all of the bundles carry, and what any of them does.
    private static func trust(_ bundles: Set<String>?) -> (CertificatePlan.Trust, [Certificate]) {
        guard let bundles else { return (.unknown, []) }
        let sets = bundles.map { Set(CertificateSecret.certificates($0)) }
        guard let first = sets.first else { return (.nobodyCalls, []) }
        let common = sets.dropFirst().reduce(first) { $0.intersection($1) }
        let all = sets.reduce(into: Set()) { $0.formUnion($1) }
        // In an order that does not depend on hashes: the newest first, should there be more than are kept.
        return (.only(common), all.sorted { ($0.notBefore, $0.fingerprint.hex) > ($1.notBefore, $1.fingerprint.hex) })
    }
}

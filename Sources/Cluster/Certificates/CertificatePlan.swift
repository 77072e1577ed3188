import OpenSSL

/// What the Secret is, as far as anybody knows.
enum CertificateState: Sendable, Equatable {
    /// There is none.
    case missing
    /// Nobody can serve with it.
    case damaged(CertificateRemains)
    /// It is served with, and nothing is under way; authorities of before may wait to be dropped.
    case steady(CertificateBook)
    /// It is served with, and its next authority waits until every API server trusts it.
    case announced(CertificateBook)

    /// What it says when it can be served with.
    var book: CertificateBook? {
        switch self {
        case .steady(let book), .announced(let book): book
        case .missing, .damaged: nil
        }
    }
}

/// What becomes of the Secret: one function of what it says and of what goes on around it.
///
/// A rotation takes three writes. **Announce** puts a new authority besides the old one; the webhook configurations
/// follow. **Promote**, once all of them have carried it for long enough, serves under it; every replica follows as its
/// watch tells it. **Retire** drops the old authority, when every replica has had the time to follow. At any moment,
/// what any replica serves with is trusted by every API server.
struct CertificatePlan: Sendable {
    let schedule: CertificateSchedule
    let names: ServingNames

    /// As many authorities are trusted at once. Rotations asked for faster than old authorities are dropped wait at this
    /// bound, which is below that of a bundle that can be read (``Certificate/maximumChainLength``).
    static let maximumAuthorities = 14

    /// What the webhook configurations let the API servers trust.
    enum Trust: Sendable, Equatable {
        case unknown
        /// There is no configuration, so nobody calls.
        case nobodyCalls
        /// What every configuration carries.
        case only(Set<Certificate>)

        func carries(_ certificate: Certificate) -> Bool {
            switch self {
            case .unknown: false
            case .nobodyCalls: true
            case .only(let all): all.contains(certificate)
            }
        }
    }

    /// What goes on around the Secret.
    struct Circumstances: Sendable {
        /// Seconds since 1970.
        var now: Int
        /// What this replica serves with.
        var remembered: CertificateBook?
        /// Whether somebody asks for a rotation.
        var isRotationAsked = false
        var trust = Trust.unknown
        /// What some webhook configuration carries: somebody may be serving under it.
        var carried: [Certificate] = []
        /// For how long every webhook configuration has carried the next authority; nil when they do not.
        var announcedFor: Duration?
        /// For how long each retired authority has been one.
        var retiredFor: [Certificate: Duration] = [:]
        /// For how long the Secret has named the pair that it names.
        var seenFor = Duration.zero
    }

    /// What the leader does now.
    func next(_ state: CertificateState, _ around: Circumstances) -> CertificateAction {
        switch state {
        case .missing: lost(.deleted, [], around)
        case .damaged(let remains): repair(remains, around)
        case .steady(let book), .announced(let book):
            stranger(book, around) ?? emergency(book, around)
                ?? (book.next.map { announced(book, $0, around) } ?? steady(book, around))
        }
    }

    /// Whether this replica may serve with what the Secret says: unless no API server might trust it yet, while what is
    /// served with now is trusted.
    func maySwitch(to book: CertificateBook, _ around: Circumstances) -> Bool {
        guard book.isUsable(at: around.now) else { return false }
        guard let remembered = around.remembered, !remembered.isExpired(at: around.now) else { return true }
        return !isStranger(book, to: remembered, around) || around.seenFor >= schedule.strangerDelay
    }

    // MARK: Nothing to serve with

    private func repair(_ remains: CertificateRemains, _ around: Circumstances) -> CertificateAction {
        let reason = CertificateReason.damaged(remains.reason)
        let isRemembered = around.remembered?.isExpired(at: around.now) == false
        if !isRemembered, let authority = remains.authority, authority.certificate.isValid(at: around.now) {
            let others = remains.authorities.filter { $0 != authority.certificate }
            return .reissue(authority, next: nil, retired: kept(others, around), reason)
        }
        return lost(reason, remains.authorities, around)
    }

    private func lost(
        _ reason: CertificateReason, _ authorities: [Certificate], _ around: Circumstances
    ) -> CertificateAction {
        guard let remembered = around.remembered else {
            return .begin(keeping: kept(authorities + around.carried, around), reason == .deleted ? .first : reason)
        }
        guard !remembered.isExpired(at: around.now) else {
            return .begin(keeping: kept(remembered.bundle + authorities + around.carried, around), reason)
        }
        // What others may serve under stays trusted: perhaps they have heard of a rotation that we have not.
        var restored = remembered
        let others = remembered.retired + authorities + around.carried
        restored.retired = kept(others.filter { !isInUse($0, remembered) }, around)
        // Whoever deletes the Secret wants other keys; whoever damages it wants it mended.
        if reason == .deleted, remembered.next == nil { return .announce(restored, next: nil, reason) }
        return .restore(restored, reason)
    }

    private func isInUse(_ certificate: Certificate, _ book: CertificateBook) -> Bool {
        certificate == book.issuer || certificate == book.next?.certificate
    }

    // MARK: Something that is not ours

    private func isStranger(
        _ book: CertificateBook, to remembered: CertificateBook, _ around: Circumstances
    ) -> Bool {
        // What we serve under was retired: a rotation that we have not seen came to its end.
        let isSuccessor = book.retired.contains(remembered.issuer)
        return !isSuccessor && !remembered.bundle.contains(book.issuer) && !around.trust.carries(book.issuer)
    }

    /// A Secret that was replaced, as from a backup, leads to where it says, but by way of a rotation.
    private func stranger(_ book: CertificateBook, _ around: Circumstances) -> CertificateAction? {
        guard let remembered = around.remembered, !remembered.isExpired(at: around.now),
            isStranger(book, to: remembered, around)
        else { return nil }
        // A leader that was out of touch for long may be the stranger itself, and soon learns what is trusted.
        guard around.trust != .unknown || around.seenFor >= schedule.propagation else { return .wait }
        let next = book.authority.flatMap { $0.certificate.isValid(at: around.now) ? $0 : nil }
        var merged = remembered
        merged.next = nil
        let others = Array(remembered.bundle.dropFirst()) + book.bundle
        merged.retired = kept(
            (others + around.carried).filter { $0 != next?.certificate && $0 != remembered.issuer }, around)
        return .announce(merged, next: next, .stranger)
    }

    // MARK: Something to serve with

    /// What cannot wait: nobody takes what is served with, so nothing is lost by hurry.
    private func emergency(_ book: CertificateBook, _ around: Circumstances) -> CertificateAction? {
        let isOver = around.now > book.issuer.notAfter
        if !isOver, let authority = book.authority {
            let serving = book.pair.certificate
            if around.now > serving.notAfter { return reissue(book, authority, .expired) }
            if !serving.hasBegun(at: around.now), book.issuer.hasBegun(at: around.now) {
                return reissue(book, authority, .early)
            }
            return names.areCovered(by: serving) ? nil : reissue(book, authority, .names)
        }
        guard book.isExpired(at: around.now) else { return nil }
        if let next = book.next, next.certificate.isValid(at: around.now) { return .promote(book, next) }
        return .begin(keeping: kept(book.bundle, around), .expired)
    }

    private func announced(
        _ book: CertificateBook, _ next: Authority, _ around: Circumstances
    ) -> CertificateAction {
        // One that nobody came to use in most of its life, as when no leader was there for months.
        if schedule.isDue(authority: next.certificate, at: around.now) { return .announce(book, next: nil, .due) }
        if !next.certificate.hasBegun(at: around.now) { return .announce(book, next: nil, .early) }
        if let time = around.announcedFor, time >= schedule.propagation { return .promote(book, next) }
        return renewal(of: book, around) ?? retirement(of: book, around)
    }

    private func steady(_ book: CertificateBook, _ around: Circumstances) -> CertificateAction {
        // At the bound, the oldest are dropped first, in their time.
        if let reason = rotation(of: book, around), book.bundle.count < Self.maximumAuthorities {
            return .announce(book, next: nil, reason)
        }
        return renewal(of: book, around) ?? retirement(of: book, around)
    }

    private func rotation(of book: CertificateBook, _ around: Circumstances) -> CertificateReason? {
        if around.isRotationAsked { return .requested }
        if book.issuerKey == nil { return .keyLost }
        if !book.issuer.hasBegun(at: around.now) { return .early }
        return schedule.isDue(authority: book.issuer, at: around.now) ? .due : nil
    }

    private func renewal(of book: CertificateBook, _ around: Circumstances) -> CertificateAction? {
        guard let authority = book.authority,
            schedule.isDue(serving: book.pair.certificate, under: book.issuer, at: around.now)
        else { return nil }
        return reissue(book, authority, .due)
    }

    private func reissue(
        _ book: CertificateBook, _ authority: Authority, _ reason: CertificateReason
    ) -> CertificateAction {
        .reissue(authority, next: book.next, retired: book.retired, reason)
    }

    private func retirement(of book: CertificateBook, _ around: Circumstances) -> CertificateAction {
        let over = book.retired.filter { (around.retiredFor[$0] ?? .zero) >= schedule.overlap }
        return over.isEmpty ? .wait : .retire(book, over)
    }

    /// The authorities that a client may still take, each once, with room for two more.
    private func kept(_ certificates: [Certificate], _ around: Circumstances) -> [Certificate] {
        var seen: Set<Certificate> = []
        let valid = certificates.filter { $0.isAuthority && around.now <= $0.notAfter && seen.insert($0).inserted }
        return Array(valid.prefix(Self.maximumAuthorities - 2))
    }
}

import OpenSSL
import Testing

@testable import Cluster

/// Every step from every state, and that each step leads to where none is left.
@Suite("The plan of the certificates")
struct CertificatePlanTests {
    private typealias Scene = CertificateScene
    private typealias Circumstances = CertificatePlan.Circumstances

    private let plan = CertificateScene.plan
    private let start = CertificateScene.start
    private let day = CertificateScene.day

    private func around(
        _ days: Int = 0, remembered: CertificateBook? = nil, _ change: (inout Circumstances) -> Void = { _ in }
    ) -> Circumstances {
        var around = Circumstances(now: start + days * day, remembered: remembered)
        if let remembered { around.trust = .only(Set(remembered.bundle)) }
        change(&around)
        return around
    }

    private func next(_ book: CertificateBook, _ around: Circumstances) -> CertificateAction {
        plan.next(Scene.state(book), around)
    }

    // MARK: Steady

    @Test("Nothing happens while everything is as it should be")
    func quiet() throws {
        let book = try Scene.book()
        for days in [0, 30, 59] { #expect(next(book, around(days, remembered: book)) == .wait) }
        #expect(next(book, around()) == .wait, "a replica that has just begun has no reason to act either")
    }

    @Test("The serving certificate is renewed after two thirds of its time, under the same authority")
    func renewal() throws {
        let book = try Scene.book()
        let authority = try #require(book.authority)
        #expect(
            next(book, around(60, remembered: book)) == .reissue(authority, next: nil, retired: [], .due))
        let renewed = try Scene.apply(next(book, around(60, remembered: book)), at: start + 60 * day)
        #expect(renewed.issuer == book.issuer && renewed.pair != book.pair)
        #expect(renewed.pair.certificate.notAfter == start + 150 * day)
        #expect(next(renewed, around(60, remembered: book)) == .wait)
        #expect(plan.maySwitch(to: renewed, around(60, remembered: book)))
    }

    @Test("The authority is followed by another after two thirds of its time, before the serving certificate")
    func authority() throws {
        let book = try Scene.book()
        var renewed = book
        renewed.pair = try Scene.apply(
            .reissue(#require(book.authority), next: nil, retired: [], .due), at: start + 200 * day
        ).pair
        #expect(next(renewed, around(243, remembered: renewed)) == .wait)
        #expect(next(renewed, around(244, remembered: renewed)) == .announce(renewed, next: nil, .due))
    }

    @Test("A rotation is asked for, or the key is lost")
    func rotation() throws {
        let book = try Scene.book()
        let asked = around(remembered: book) { $0.isRotationAsked = true }
        #expect(next(book, asked) == .announce(book, next: nil, .requested))
        var withoutKey = book
        withoutKey.issuerKey = nil
        #expect(next(withoutKey, around(remembered: book)) == .announce(withoutKey, next: nil, .keyLost))
    }

    @Test("Names that are missing are made up for at once")
    func names() throws {
        let installation = Installation(webhookURL: "https://127.0.0.1:8443")
        let moved = CertificatePlan(schedule: Scene.schedule, names: ServingNames(installation))
        let book = try Scene.book()
        let authority = try #require(book.authority)
        let action = moved.next(.steady(book), around(remembered: book))
        #expect(action == .reissue(authority, next: nil, retired: [], .names))
        let maker = CertificateMaker(schedule: Scene.schedule, names: ServingNames(installation))
        let made = try Scene.apply(action, maker)
        #expect(moved.next(.steady(made), around(remembered: book)) == .wait)
        // Without the authority's key the next one brings the names.
        var withoutKey = book
        withoutKey.issuerKey = nil
        #expect(
            moved.next(.steady(withoutKey), around(remembered: book)) == .announce(withoutKey, next: nil, .keyLost))
    }

    @Test("Names that no certificate carries are a failure, not a certificate that is made for ever")
    func impossibleNames() throws {
        for url in ["https://a..b", "https://999.1.1.1", "https://ä.example", "https://a b"] {
            let names = ServingNames(Installation(webhookURL: url))
            let maker = CertificateMaker(schedule: Scene.schedule, names: names)
            #expect(throws: CertificateMaker.Failure.self, "\(url)") { try Scene.book(at: start, maker) }
        }
    }

    @Test("Old authorities are dropped when every replica has had the time to follow")
    func retirement() throws {
        let old = try Scene.announced(Scene.book())
        let book = try Scene.promoted(old)
        let early = around(remembered: book) { $0.retiredFor = [old.issuer: .seconds(59)] }
        #expect(next(book, early) == .wait)
        #expect(next(book, around(remembered: book)) == .wait, "for how long it has been retired is not known")
        let late = around(remembered: book) { $0.retiredFor = [old.issuer: .seconds(60)] }
        #expect(next(book, late) == .retire(book, [old.issuer]))
        let done = try Scene.apply(next(book, late))
        #expect(done.bundle == [book.issuer])
        #expect(next(done, around(remembered: book)) == .wait)
    }

    @Test("Rotations that are asked for too fast wait until there is room for another authority")
    func bound() throws {
        var book = try Scene.book()
        let authorities = try (2...CertificatePlan.maximumAuthorities).map { _ in try Scene.book().issuer }
        book.retired = Array(authorities.dropFirst())
        let asked = around(remembered: book) { $0.isRotationAsked = true }
        #expect(next(book, asked) == .announce(book, next: nil, .requested))
        book.retired = authorities
        #expect(next(book, asked) == .wait)
        let later = around(remembered: book) {
            $0.isRotationAsked = true
            $0.retiredFor = [authorities[3]: .seconds(61)]
        }
        #expect(next(book, later) == .retire(book, [authorities[3]]))
        #expect(CertificatePlan.maximumAuthorities < Certificate.maximumChainLength)
    }

    // MARK: Announced

    @Test("The next authority takes over once every configuration has carried it for long enough")
    func promotion() throws {
        let book = try Scene.announced(Scene.book())
        let following = try #require(book.next)
        #expect(next(book, around(remembered: book)) == .wait)
        #expect(next(book, around(remembered: book) { $0.announcedFor = .seconds(4) }) == .wait)
        let ready = around(remembered: book) { $0.announcedFor = .seconds(5) }
        #expect(next(book, ready) == .promote(book, following))
        let promoted = try Scene.apply(next(book, ready))
        #expect(promoted.issuer == following.certificate && promoted.retired == [book.issuer])
        #expect(promoted.pair.certificate.isIssued(by: following.certificate) && promoted.next == nil)
        #expect(next(promoted, around(remembered: book)) == .wait)
        #expect(plan.maySwitch(to: promoted, around(remembered: book)))
    }

    @Test("Another request waits for the rotation under way")
    func patience() throws {
        let book = try Scene.announced(Scene.book())
        #expect(next(book, around(remembered: book) { $0.isRotationAsked = true }) == .wait)
    }

    @Test("While configurations do not carry the next authority, the one in use goes on")
    func stuck() throws {
        let book = try Scene.announced(Scene.book())
        let authority = try #require(book.authority)
        #expect(
            next(book, around(60, remembered: book)) == .reissue(authority, next: book.next, retired: [], .due))
        // At the end of the authority, a certificate that lasts no longer is not made.
        var last = book
        last.pair = try Scene.apply(.reissue(authority, next: nil, retired: [], .due), at: start + 300 * day).pair
        #expect(last.pair.certificate.notAfter == book.issuer.notAfter)
        last.next = try Scene.announced(book, at: start + 300 * day).next
        #expect(next(last, around(360, remembered: last)) == .wait)
        // When it is over, nothing is lost by hurry.
        let following = try #require(last.next)
        #expect(next(last, around(366, remembered: last)) == .promote(last, following))
    }

    @Test("A next authority that was never used gives way to a new one")
    func staleNext() throws {
        let book = try Scene.announced(Scene.book())
        let used = try Scene.apply(
            .reissue(#require(book.authority), next: book.next, retired: [], .due), at: start + 200 * day)
        #expect(next(used, around(244, remembered: used) { $0.announcedFor = .seconds(9) }).word == "announce")
        let replaced = try Scene.apply(.announce(used, next: nil, .due), at: start + 244 * day)
        #expect(replaced.next != used.next && !replaced.bundle.contains(where: { $0 == used.next?.certificate }))
    }

    // MARK: Nothing there

    @Test("Where there is nothing, everything is made")
    func first() throws {
        #expect(plan.next(.missing, around()) == .begin(keeping: [], .first))
        let made = try Scene.apply(.begin(keeping: [], .first))
        #expect(made.pair.certificate.isIssued(by: made.issuer) && made.bundle == [made.issuer])
        #expect(made.issuer.notAfter == start + 365 * day && made.issuer.notBefore == start - 3600)
        #expect(made.pair.certificate.notAfter == start + 90 * day)
        #expect(plan.maySwitch(to: made, around()))
    }

    @Test("A Secret that is deleted is a request for a rotation, and what is served with stays trusted")
    func deletion() throws {
        let book = try Scene.book()
        #expect(plan.next(.missing, around(remembered: book)) == .announce(book, next: nil, .deleted))
        let announced = try Scene.apply(plan.next(.missing, around(remembered: book)))
        #expect(announced.pair == book.pair && announced.next != nil)
        // In the midst of a rotation, that one goes on.
        #expect(plan.next(.missing, around(remembered: announced)) == .restore(announced, .deleted))
        // What has expired is not brought back.
        #expect(plan.next(.missing, around(400, remembered: book)) == .begin(keeping: [], .deleted))
        #expect(plan.next(.missing, around(91, remembered: book)) == .begin(keeping: [book.issuer], .deleted))
    }

    @Test("A Secret that is damaged is mended from memory, or from what is left of it")
    func damage() throws {
        let book = try Scene.book()
        let reason = CertificateReason.damaged("x")
        var remains = CertificateRemains(authorities: [book.issuer], authority: book.authority, reason: "x")
        #expect(plan.next(.damaged(remains), around(remembered: book)) == .restore(book, reason))
        let authority = try #require(book.authority)
        #expect(
            plan.next(.damaged(remains), around()) == .reissue(authority, next: nil, retired: [], reason))
        #expect(plan.next(.damaged(remains), around(366)) == .begin(keeping: [], reason))
        remains.authority = nil
        #expect(plan.next(.damaged(remains), around()) == .begin(keeping: [book.issuer], reason))
        // What is remembered has expired, but its authority has not.
        remains.authority = authority
        #expect(
            plan.next(.damaged(remains), around(91, remembered: book))
                == .reissue(authority, next: nil, retired: [], reason))
    }

    // MARK: Out of time

    @Test("What has expired is made anew at once")
    func expiry() throws {
        let book = try Scene.book()
        let authority = try #require(book.authority)
        #expect(
            next(book, around(91, remembered: book)) == .reissue(authority, next: nil, retired: [], .expired))
        #expect(next(book, around(366, remembered: book)) == .begin(keeping: [], .expired))
        var withoutKey = book
        withoutKey.issuerKey = nil
        #expect(next(withoutKey, around(91, remembered: book)) == .begin(keeping: [book.issuer], .expired))
        withoutKey.next = try Scene.announced(book).next
        let following = try #require(withoutKey.next)
        #expect(next(withoutKey, around(91, remembered: book)) == .promote(withoutKey, following))
    }

    @Test("What is not valid yet is replaced without hurry: perhaps it is our clock that is wrong")
    func clockSkew() throws {
        let book = try Scene.book()
        // Up to the backdating and what TLS accepts, a clock may be behind.
        #expect(
            plan.next(.steady(book), Circumstances(now: start - 3900, remembered: book, trust: .nobodyCalls)) == .wait)
        let behind = Circumstances(now: start - 3901, remembered: book, trust: .nobodyCalls)
        #expect(plan.next(.steady(book), behind) == .announce(book, next: nil, .early))
        #expect(!plan.maySwitch(to: book, behind))
        // So is a next authority, lest the rotation never ends.
        let announced = try Scene.announced(book)
        #expect(plan.next(.announced(announced), behind) == .announce(announced, next: nil, .early))
        // Under an authority that is valid, a pair is quickly made.
        var mixed = book
        mixed.pair = try Scene.apply(
            .reissue(#require(book.authority), next: nil, retired: [], .due), at: start + 2 * day
        ).pair
        let authority = try #require(book.authority)
        #expect(
            next(mixed, around(remembered: book)) == .reissue(authority, next: nil, retired: [], .early))
    }

    // MARK: Strangers

    @Test("A Secret that was replaced leads to where it says, by way of a rotation")
    func stranger() throws {
        let book = try Scene.announced(Scene.book())
        let other = try Scene.book()
        let known = around(remembered: book)
        #expect(!plan.maySwitch(to: other, known))
        let action = next(other, known)
        guard case .announce(let merged, let following, .stranger) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(merged.pair == book.pair && following == other.authority)
        #expect(merged.retired == [book.next?.certificate])
        let announced = try Scene.apply(action)
        #expect(next(announced, known) == .wait)
        #expect(plan.maySwitch(to: announced, known))
        // Without its key, a new authority is made, and the stranger's stays trusted.
        var withoutKey = other
        withoutKey.issuerKey = nil
        guard case .announce(let kept, nil, .stranger) = next(withoutKey, known) else {
            Issue.record("\(next(withoutKey, known))")
            return
        }
        #expect(kept.retired.contains(other.issuer))
    }

    @Test("Who was away for long is the stranger itself, and finds out before it acts")
    func awayForLong() throws {
        let mine = try Scene.book()
        let theirs = try Scene.book()
        var away = around(remembered: mine) { $0.trust = .unknown }
        #expect(next(theirs, away) == .wait)
        #expect(!plan.maySwitch(to: theirs, away))
        away.seenFor = .seconds(10)
        #expect(plan.maySwitch(to: theirs, away), "nobody did anything about it, so it is right")
        away.seenFor = .zero
        away.trust = .only([theirs.issuer])
        #expect(next(theirs, away) == .wait)
        #expect(plan.maySwitch(to: theirs, away))
        away.trust = .nobodyCalls
        #expect(plan.maySwitch(to: theirs, away))
    }

    @Test("A rotation that went by unseen is followed at once")
    func missedRotation() throws {
        let mine = try Scene.book()
        let announced = try Scene.announced(mine)
        let promoted = try Scene.promoted(announced)
        let away = around(remembered: mine) { $0.trust = .unknown }
        #expect(plan.maySwitch(to: promoted, away))
        #expect(next(promoted, away) == .wait)
        // What is announced only is not served with yet, whoever announces it.
        let stale = try Scene.apply(.announce(Scene.book(), next: mine.authority, .stranger))
        #expect(!plan.maySwitch(to: stale, away))
    }

    @Test("Every step leads to where none is left")
    func rest() throws {
        let book = try Scene.book()
        let announced = try Scene.announced(book)
        let states: [CertificateState] = [
            .missing, .steady(book), .announced(announced), .steady(try Scene.promoted(announced)),
            .damaged(CertificateRemains(authorities: [book.issuer], authority: book.authority, reason: "x")),
            .damaged(CertificateRemains(reason: "x")), .steady(try Scene.book()),
        ]
        for state in states {
            for days in [-400, -1, 0, 61, 91, 244, 366, 800] {
                for remembered in [nil, book, announced] {
                    var around = around(days, remembered: remembered) { $0.isRotationAsked = days == 0 }
                    var state = state
                    var words: [String] = []
                    while words.count < 4 {
                        let action = plan.next(state, around)
                        guard action != .wait else { break }
                        words.append(action.word)
                        let made = try Scene.apply(action, at: around.now)
                        state = Scene.state(made)
                        if action.endsRequest { around.isRotationAsked = false }
                        if plan.maySwitch(to: made, around) { around.remembered = made }
                    }
                    #expect(words.count < 4, "\(days): \(words)")
                }
            }
        }
    }
}

import JSON
import OpenSSL

@testable import Cluster

/// Replicas, API servers and a registrar of webhooks around one Secret, in a time that the test makes pass: everything
/// that is written is heard of later, by each at another time.
struct CertificateWorld {
    struct Replica {
        var keeper = CertificateKeeper(plan: CertificateScene.plan)
        /// What it serves with.
        var pair: ServingPair?
        var heardSecret = -1
        var hasReadAsLeader = false
        /// Out of touch with the API servers until then; they still call it.
        var awayUntil = 0
    }

    /// Milliseconds.
    private(set) var time = 0
    var replicas: [Replica]
    var leader = 0
    private(set) var writes: [String] = []
    /// Calls that no API server would have taken the answer of.
    private(set) var failures: [String] = []
    /// What happened, for whoever wonders about a failure.
    private(set) var story: [String] = []

    /// Events that are told.
    private static let telling = 20

    private var random: SeededGenerator
    private let beginning = ContinuousClock.now
    private var secret: Value?
    private var secretVersion = 0
    /// What each of two configurations says, and since when.
    private var configurations: [(bundle: String, since: Int)] = []
    /// What each API server trusts: what a configuration said as long ago as it is behind.
    private var trusted: [[String]]
    private struct Call: Hashable {
        let certificate: SHA256Digest
        let bundle: String
    }

    private var calls: [Call: Bool] = [:]

    /// API servers are behind by less than the time that is left for that.
    private static let longestPropagation = 3000
    static let step = 200

    init(replicas: Int, servers: Int, seed: UInt64) {
        self.replicas = Array(repeating: Replica(), count: replicas)
        trusted = Array(repeating: ["", ""], count: servers)
        random = SeededGenerator(seed: seed)
    }

    private var days = 0

    var now: Int { CertificateScene.start + days * CertificateScene.day + time / 1000 }
    private var instant: ContinuousClock.Instant { beginning + .milliseconds(time) }

    var state: CertificateState { secret.map { CertificateSecret.state(of: $0) } ?? .missing }

    mutating func chance(_ part: Double) -> Bool { Double.random(in: 0..<1, using: &random) < part }
    mutating func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private static func name(_ state: CertificateState) -> String {
        func short(_ certificate: Certificate) -> String { String(certificate.fingerprint.hex.prefix(4)) }
        return switch state {
        case .missing: "missing"
        case .damaged(let remains): "damaged: \(remains.reason)"
        case .steady(let book): "under \(short(book.issuer)), retired \(book.retired.map(short))"
        case .announced(let book):
            "under \(short(book.issuer)), next \(book.bundle.dropFirst().map(short))"
        }
    }

    // MARK: What happens

    mutating func tell(_ event: String) {
        story.append("\(time): \(event)")
        if story.count > Self.telling { story.removeFirst() }
    }

    mutating func set(_ value: Value?) {
        secret = value
        tell("the Secret is \(Self.name(state))")
        secretVersion += 1
    }

    mutating func askForRotation() throws {
        guard let book = state.book else { return }
        let annotated = #"{"metadata":{"annotations":{"countersign.dev/rotate":"now"}}}"#
        set(try CertificateScene.secret(book, over: try Document(Array(annotated.utf8)).root))
    }

    mutating func damage() throws {
        guard let book = state.book else { return }
        let keys = ["tls.crt", "tls.key", "ca.crt", "ca.key", "next-ca.key"]
        set(try CertificateScene.secret(book, keys[pick(0..<keys.count)], chance(0.5) ? nil : "no PEM"))
    }

    mutating func pass(days: Int) { self.days += days }

    mutating func restart(_ index: Int) {
        tell("replica \(index) begins anew")
        replicas[index] = Replica()
    }

    mutating func run(for milliseconds: Int) throws {
        let end = time + milliseconds
        while time < end {
            time += Self.step
            try tick()
        }
    }

    // MARK: One step of time

    private mutating func tick() throws {
        for index in trusted.indices { listen(server: index) }
        for index in replicas.indices.shuffled(using: &random) where replicas[index].awayUntil <= time {
            try proceed(index)
        }
        register()
        call()
    }

    private mutating func listen(server: Int) {
        for (index, configuration) in configurations.enumerated()
        where chance(0.2)
            || time - configuration.since >= Self.longestPropagation
        {
            trusted[server][index] = configuration.bundle
        }
    }

    private mutating func proceed(_ index: Int) throws {
        if replicas[index].heardSecret != secretVersion, chance(0.5) {
            replicas[index].keeper.take(secret, at: instant)
            replicas[index].heardSecret = secretVersion
        }
        if chance(0.5) {
            replicas[index].keeper.take(bundles: Set(configurations.map(\.bundle)), at: instant)
        }
        follow(index)
        guard index == leader else {
            replicas[index].hasReadAsLeader = false
            return
        }
        if !replicas[index].hasReadAsLeader {
            replicas[index].keeper.take(secret, at: instant)
            replicas[index].heardSecret = secretVersion
            replicas[index].hasReadAsLeader = true
            follow(index)
        }
        let action = replicas[index].keeper.action(now: now, at: instant)
        // A leader whose write meets another version has changed nothing.
        guard action != .wait, replicas[index].heardSecret == secretVersion,
            let book = try CertificateScene.maker.book(after: action, at: now)
        else { return }
        // One that dies before or after its write.
        if chance(0.05) { return }
        writes.append(action.word)
        tell("replica \(index): \(action.summary ?? "")")
        let body = try CertificateScene.body(
            book, over: replicas[index].keeper.secret, endsRequest: action.endsRequest)
        set(try Document(body).root)
        replicas[index].keeper.take(secret, at: instant)
        replicas[index].heardSecret = secretVersion
        follow(index)
    }

    private mutating func follow(_ index: Int) {
        guard case .serve(let book) = replicas[index].keeper.following(now: now, at: instant) else { return }
        replicas[index].keeper.remember(book)
        if replicas[index].pair != book.pair { tell("replica \(index) serves under \(Self.name(.steady(book)))") }
        replicas[index].pair = book.pair
    }

    /// The leader's registrar writes what the leader has, one configuration after the other.
    private mutating func register() {
        guard replicas[leader].awayUntil <= time, replicas[leader].hasReadAsLeader,
            let bundle = replicas[leader].keeper.bundle
        else { return }
        if configurations.isEmpty {
            configurations = Array(repeating: (bundle, time), count: 2)
            for server in trusted.indices { trusted[server] = [bundle, bundle] }
        }
        for index in configurations.indices where configurations[index].bundle != bundle && chance(0.5) {
            configurations[index] = (bundle, time)
            tell("configuration \(index) is written by replica \(leader)")
        }
    }

    /// Every API server calls every replica, for each configuration.
    private mutating func call() {
        guard !configurations.isEmpty else { return }
        for (index, replica) in replicas.enumerated() {
            guard let certificate = replica.pair?.certificate else { continue }
            for (server, bundles) in trusted.enumerated() {
                for bundle in bundles where !takes(certificate, bundle) {
                    failures.append(
                        "\(time) ms: API server \(server) does not trust replica \(index)\n"
                            + story.joined(separator: "\n"))
                }
            }
        }
    }

    private mutating func takes(_ certificate: Certificate, _ bundle: String) -> Bool {
        let call = Call(certificate: certificate.fingerprint, bundle: bundle)
        if let known = calls[call] { return known }
        let isTaken = CertificateSecret.certificates(bundle).contains(where: certificate.isIssued)
        calls[call] = isTaken
        return isTaken
    }

    /// What every API server trusts at last.
    var finalTrust: Set<String> { Set(trusted.flatMap { $0 }) }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

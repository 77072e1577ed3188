import Glibc
import JSON
import Kubernetes
import OpenSSL

/// Keeps the certificates of this installation in a Secret that its replicas share, and renews them without a call that
/// fails.
///
/// Every replica serves with what the Secret says. The leader alone writes it, by ``CertificatePlan``: each step is one
/// write of the version that was read, so that two leaders, or a leader that dies, leave no half of a step behind.
public actor CertificateController {
    /// What goes into every webhook's `caBundle`: PEM. Nil unless this replica leads and has read the Secret since it
    /// does: a leader that has not heard of a rotation would take away what the other replicas serve under.
    public nonisolated let bundle = Latest<String?>(nil)
    /// What to serve with; nil until the Secret has been read or made.
    public nonisolated let serving = Latest<ServingCertificate?>(nil)

    /// Problems are said once; more different ones than this are said again.
    private static let maximumProblems = 32

    private let api: any KubernetesAPI
    private let name: ObjectName
    private let leadership: any Leadership
    private let carried: Latest<Set<String>?>
    private let tick: Duration
    private let pace: Pace
    private let now: @Sendable () -> Int
    private let report: @Sendable (CertificateEvent) -> Void
    private let maker: CertificateMaker

    private var keeper: CertificateKeeper
    private var secret = TrackedObject()
    /// Whether the Secret has been read since this replica leads.
    private var hasReadAsLeader = false
    /// Writing is tried again after this.
    private var restsUntil: ContinuousClock.Instant?
    private var failures = 0
    private var problems: Set<String> = []

    /// - Parameters:
    ///   - carried: the distinct `caBundle` texts (PEM, not base64) of all webhooks in the configurations that exist,
    ///     empty text for one that has none; nil while they are not known. A rotation goes on only once all carry it.
    ///   - pace: between writes that fail.
    ///   - now: seconds since 1970.
    ///   - report: told what happens; called one at a time, and must not block.
    public init(
        _ api: any KubernetesAPI, _ installation: Installation, leadership: any Leadership,
        carried: Latest<Set<String>?>, schedule: CertificateSchedule = .standard, pace: Pace = .standard,
        now: @escaping @Sendable () -> Int = { time(nil) },
        report: @escaping @Sendable (CertificateEvent) -> Void = { _ in }
    ) {
        self.api = api
        self.name = ObjectName(installation.caSecret, namespace: installation.namespace)
        self.leadership = leadership
        self.carried = carried
        self.tick = schedule.tick
        self.pace = pace
        self.now = now
        self.report = report
        let names = ServingNames(installation)
        maker = CertificateMaker(schedule: schedule, names: names)
        keeper = CertificateKeeper(plan: CertificatePlan(schedule: schedule, names: names))
    }

    /// Follows the Secret and renews it, until the task is cancelled.
    public nonisolated func run() async {
        // Whatever happens is looked at as a whole, so several wakes are as good as one.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await Reflector(self.api, .secrets, .only(self.name), pace: self.pace).run { observation in
                    await self.take(observation)
                    wake.yield()
                }
            }
            group.addTask { for await _ in self.leadership.changes() { wake.yield() } }
            group.addTask { for await _ in self.carried.values() { wake.yield() } }
            group.addTask {
                // Times pass without anybody telling.
                while (try? await Task.sleep(for: self.tick)) != nil { wake.yield() }
            }
            for await _ in wakes { await self.proceed() }
            group.cancelAll()
        }
    }

    /// What to serve with, as soon as there is something; nil when the task is cancelled before.
    public nonisolated func firstServing() async -> ServingCertificate? {
        for await value in serving.values() {
            if let value { return value }
        }
        return nil
    }

    private func take(_ observation: Observation) {
        if case .stale(let failure) = observation { report(.stale("\(failure)")) }
        if secret.take(observation) { keeper.take(secret.object, at: .now) }
    }

    /// Serves with what may be served with, and takes the next step if this replica leads.
    private func proceed() async {
        keeper.take(bundles: carried.value, at: .now)
        follow()
        guard leadership.isLeader else { return stepDown() }
        if let restsUntil, ContinuousClock.now < restsUntil { return }
        if !hasReadAsLeader {
            await readAgain()
            guard hasReadAsLeader, leadership.isLeader else { return }
            follow()
        }
        publishBundle()
        let now = self.now()
        let action = keeper.action(now: now, at: .now)
        if action != .wait { await perform(action, at: now) }
    }

    private func stepDown() {
        hasReadAsLeader = false
        publishBundle()
    }

    private func publishBundle() {
        let text = hasReadAsLeader ? keeper.bundle : nil
        if bundle.value != text { bundle.set(text) }
    }

    // MARK: Following

    private func follow() {
        switch keeper.following(now: now(), at: .now) {
        case .nothing: break
        case .problem(let reason): problem(.unusable(reason))
        case .serve(let book): serve(book)
        }
    }

    private func serve(_ book: CertificateBook) {
        if book.pair != keeper.remembered?.pair {
            do {
                let context = try TLSContext(
                    certificateChainPEM: book.pair.certificate.pem, privateKeyPEM: book.pair.key.pem,
                    keepingTicketKeysOf: serving.value?.context)
                let value = ServingCertificate(context: context, authorityNotAfter: book.issuer.notAfter)
                serving.set(value)
                problems = []
                report(.serving(value))
            } catch {
                return problem(.unusable("\(error)"))
            }
        }
        keeper.remember(book)
    }

    // MARK: Leading

    private func perform(_ action: CertificateAction, at now: Int) async {
        do {
            guard let book = try maker.book(after: action, at: now) else { return }
            let body = try CertificateSecret.body(
                book, named: name, over: keeper.secret, endsRequest: action.endsRequest)
            let moment = secret.moment
            take(answer: try await write(body), since: moment)
            failures = 0
            restsUntil = nil
            problems = []
            report(.written(action: action.word, summary: action.summary ?? ""))
            follow()
            publishBundle()
        } catch let failure as APIFailure where failure.isConflict || failure.isNotFound {
            // Somebody was quicker, or has deleted it; what they made of it is looked at next.
            await readAgain()
        } catch {
            rest(after: .failed(action: action.word, reason: "\(error)"))
        }
    }

    private func rest(after event: CertificateEvent) {
        guard !Task.isCancelled else { return }
        failures += 1
        restsUntil = ContinuousClock.now + pace.delay(afterFailures: failures)
        problem(event)
    }

    private func write(_ body: [UInt8]) async throws(APIFailure) -> Value {
        keeper.secret == nil
            ? try await api.create(.secrets, namespace: name.namespace, body)
            : try await api.replace(.secrets, name, body)
    }

    private func readAgain() async {
        let moment = secret.moment
        var answer: Value?
        do throws(APIFailure) {
            answer = try await api.get(.secrets, name)
        } catch {
            guard error.isNotFound else { return rest(after: .stale("\(error)")) }
        }
        // Where the watch was heard meanwhile, it is asked once more: what it told may be from before the question.
        if take(answer: answer, since: moment) { hasReadAsLeader = true }
    }

    @discardableResult
    private func take(answer: Value?, since moment: TrackedObject.Moment) -> Bool {
        guard secret.take(answer: answer, since: moment) else { return false }
        keeper.take(secret.object, at: .now)
        return true
    }

    /// Says what is wrong, once.
    private func problem(_ event: CertificateEvent) {
        if problems.count >= Self.maximumProblems { problems = [] }
        if problems.insert("\(event)").inserted { report(event) }
    }
}

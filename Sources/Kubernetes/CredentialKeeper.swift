import Synchronization
import Waiting

/// Keeps what a request shows, and gets it anew when it may have changed: files each minute and when the API server no
/// longer takes what they held; plugins when what they said expires, or is refused.
final class CredentialKeeper: Sendable {
    /// Kubelet renews a token at 80 % of its life, an hour; a minute is well within the rest.
    static let rereading = Duration.seconds(60)
    /// How long what files held is shown after they could last be read: a volume that is being replaced, or descriptors
    /// that have run out, are no reason to lose the API server. It is well within the rest of a token's life.
    static let forbearance = Duration.seconds(300)
    /// What a plugin said is asked for anew this long before it expires.
    static let expiryMargin = 10
    /// A plugin whose answers are refused, or that fails, is not run more often than this.
    static let shortestInterval = Duration.seconds(10)

    /// Time and programs, so that tests need neither.
    struct Surroundings: Sendable {
        var now: @Sendable () -> ContinuousClock.Instant = { .now }
        var unixTime: @Sendable () -> Int = { UnixTime.now }
        var run: ExecPlugin.Runner = ExecPlugin.run
    }

    private struct State {
        var identity: Identity?
        var readAt: ContinuousClock.Instant?
        var answer: Result<ExecPlugin.Answer, APIFailure>?
        var askedAt: ContinuousClock.Instant?
    }

    private let source: CredentialSource
    private let authorities: Material?
    private let surroundings: Surroundings
    private let state = Mutex(State())
    private let flights = Flights<Bool, Result<ExecPlugin.Answer, APIFailure>>()

    init(_ source: CredentialSource, authorities: Material?, surroundings: Surroundings = Surroundings()) {
        self.source = source
        self.authorities = authorities
        self.surroundings = surroundings
    }

    /// What to show now.
    func identity() async throws(APIFailure) -> Identity {
        if let known = state.withLock({ fresh($0) }) { return known }
        do throws(APIFailure) {
            return try await read(refused: false)
        } catch {
            // A plugin says itself how long its answer holds.
            if case .plugin = source.bearer { throw error }
            let known: Identity? = state.withLock { state in
                guard let readAt = state.readAt, surroundings.now() < readAt + Self.forbearance else { return nil }
                return state.identity
            }
            guard let known, error != .cancelled else { throw error }
            return known
        }
    }

    /// What to show instead of what was refused; nil where nothing else can be had.
    func identity(insteadOf refused: Identity) async throws(APIFailure) -> Identity? {
        // Somebody else may have got it meanwhile.
        if let known = state.withLock({ fresh($0) }), known != refused { return known }
        let identity = try await read(refused: true)
        return identity == refused ? nil : identity
    }

    private func fresh(_ state: State) -> Identity? {
        guard let identity = state.identity, let readAt = state.readAt else { return nil }
        guard surroundings.now() < readAt + Self.rereading, !isExpired(state.answer) else { return nil }
        return identity
    }

    private func isExpired(_ answer: Result<ExecPlugin.Answer, APIFailure>?) -> Bool {
        guard case .success(let answer)? = answer, let expiry = answer.expiry else { return false }
        return surroundings.unixTime() >= expiry - Self.expiryMargin
    }

    private func read(refused: Bool) async throws(APIFailure) -> Identity {
        var answer: ExecPlugin.Answer?
        if case .plugin(let plugin) = source.bearer { answer = try await ask(plugin, refused: refused) }
        let identity = try source.identity(answer, authorities: authorities)
        let now = surroundings.now()
        state.withLock { state in
            state.identity = identity
            state.readAt = now
        }
        return identity
    }

    private func ask(_ plugin: ExecPlugin, refused: Bool) async throws(APIFailure) -> ExecPlugin.Answer {
        let known: Result<ExecPlugin.Answer, APIFailure>? = state.withLock { state in
            guard let answer = state.answer, let askedAt = state.askedAt else { return nil }
            if surroundings.now() < askedAt + Self.shortestInterval { return answer }
            guard !refused, case .success = answer, !isExpired(answer) else { return nil }
            return answer
        }
        if let known { return try known.get() }

        // One run for all who need it; a program that hangs is ended by its own bound.
        let limit = ContinuousClock.now + ExecPlugin.timeout + .seconds(5)
        let result = await flights.value(for: true, until: limit) { [self] in
            let result: Result<ExecPlugin.Answer, APIFailure>
            do throws(APIFailure) {
                result = .success(try await plugin.ask(surroundings.run))
            } catch {
                result = .failure(error)
            }
            let now = surroundings.now()
            state.withLock { state in
                state.answer = result
                state.askedAt = now
            }
            return result
        }
        guard let result else { throw Task.isCancelled ? .cancelled : .credentials("\(plugin.command) hangs") }
        return try result.get()
    }
}

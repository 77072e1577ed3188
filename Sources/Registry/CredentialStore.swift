import JSON
import OCI
import Processes
import Synchronization
import Waiting

/// Finds the credentials for a repository, and remembers for a while what helpers said.
final class CredentialStore: Sendable {
    /// Runs a program with an input and gives its output; ``ChildProcess/run(_:arguments:input:maximumOutput:timeout:)``.
    typealias Runner =
        @Sendable (_ program: String, _ input: [UInt8]) async -> Result<ChildProcess.Output, ChildProcess.Failure>

    private struct Key: Hashable {
        let name: String
        let server: String
    }

    private let config: DockerConfig?
    private let run: Runner
    private let surroundings: Surroundings
    private let memory = Mutex(Remembered<Key, Credentials>(capacity: RegistryLimits.maximumRemembered))
    private let flights = Flights<Key, Result<Credentials, RegistryFailure>>()

    init(_ config: DockerConfig?, surroundings: Surroundings, run: Runner? = nil) {
        self.config = config
        self.surroundings = surroundings
        self.run =
            run ?? { program, input in
                await ChildProcess.run(
                    program, arguments: ["get"], input: input, maximumOutput: RegistryLimits.maximumSmallAnswer,
                    timeout: RegistryLimits.helperTimeout)
            }
    }

    /// - Throws: ``RegistryFailure/credentials(host:reason:)`` when a helper fails, which is not the same as having none.
    func credentials(
        for repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> Credentials {
        guard let config else { return .anonymous }
        switch config.source(for: repository) {
        case .credentials(let credentials): return credentials
        case .helper(let name, let server):
            let key = Key(name: name, server: server)
            if let known = memory.withLock({ $0.value(for: key, at: surroundings.now()) }) { return known }
            let host = repository.registry
            let result = await flights.value(for: key, until: deadline) { [self] in await ask(key, host: host) }
            guard let result else { throw Task.isCancelled ? .cancelled : .timedOut(host: host) }
            return try result.get()
        }
    }

    /// Source: docker/docker-credential-helpers, "Development": `get` reads a server's URL and writes JSON.
    private func ask(_ key: Key, host: String) async -> Result<Credentials, RegistryFailure> {
        let program = "docker-credential-" + key.name
        func failure(_ reason: String) -> Result<Credentials, RegistryFailure> {
            .failure(.credentials(host: host, reason: "\(program) \(reason)"))
        }
        let output: ChildProcess.Output
        switch await run(program, Array(key.server.utf8)) {
        case .success(let finished): output = finished
        case .failure(let error): return failure(error.description)
        }

        // What a helper prints may be a secret, so no message repeats it.
        let credentials: Credentials
        if output.status == 0 {
            guard let answer = Self.read(output.bytes) else { return failure("answered with no credentials") }
            credentials = answer
        } else {
            guard Self.saysNotFound(output.bytes) else { return failure("failed with status \(output.status)") }
            credentials = .anonymous
        }
        let now = surroundings.now()
        memory.withLock { $0.remember(credentials, for: key, until: now + RegistryLimits.helperMemory, now: now) }
        return .success(credentials)
    }

    private static func read(_ bytes: [UInt8]) -> Credentials? {
        guard
            let root = try? Document(bytes, limits: ParseLimits(maximumBytes: RegistryLimits.maximumSmallAnswer)).root,
            let user = root["Username"]?.string, let secret = root["Secret"]?.string
        else { return nil }
        if user.isEmpty && secret.isEmpty { return .anonymous }
        // The protocol's way to say that the secret is an identity token.
        return user == "<token>" ? .identityToken(Secret(secret)) : .basic(user: user, password: Secret(secret))
    }

    /// The sentence that the helpers' library prints, and that Docker looks for.
    private static func saysNotFound(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains("credentials not found in native keychain")
    }
}

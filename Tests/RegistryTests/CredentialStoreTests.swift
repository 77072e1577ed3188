import OCI
import Processes
import Synchronization
import Testing

@testable import Registry

@Suite struct CredentialStoreTests {
    /// A store whose helpers are functions, and what they were asked.
    final class Helpers: Sendable {
        private let log = Mutex<[String]>([])
        let answer: Mutex<Result<ChildProcess.Output, ChildProcess.Failure>>

        init(_ status: Int32, _ text: String) {
            answer = Mutex(.success(ChildProcess.Output(status: status, bytes: Array(text.utf8))))
        }

        init(_ failure: ChildProcess.Failure) { answer = Mutex(.failure(failure)) }

        var asked: [String] { log.withLock { $0 } }

        func store(_ time: FakeTime = FakeTime()) throws -> CredentialStore {
            let config = try DockerConfigTests.config(#"{"credHelpers":{"registry.example":"test"}}"#)
            return CredentialStore(config, surroundings: time.surroundings) { program, input in
                self.log.withLock { $0.append(program + " " + String(decoding: input, as: UTF8.self)) }
                return self.answer.withLock { $0 }
            }
        }
    }

    static let table: [(Int32, String, Credentials)] = [
        (
            0, #"{"ServerURL":"registry.example","Username":"u","Secret":"s"}"#,
            .basic(user: "u", password: Secret("s"))
        ),
        (0, #"{"Username":"<token>","Secret":"t"}"#, .identityToken(Secret("t"))),
        (0, #"{"Username":"","Secret":""}"#, .anonymous),
        (1, "credentials not found in native keychain\n", .anonymous),
    ]

    @Test(arguments: table)
    func answers(status: Int32, text: String, credentials: Credentials) async throws {
        let helpers = Helpers(status, text)
        let store = try helpers.store()
        #expect(try await store.credentials(for: Sample.repository, deadline: Sample.deadline) == credentials)
        #expect(helpers.asked == ["docker-credential-test registry.example"])
    }

    static let failures: [(Helpers, String)] = [
        (Helpers(1, "the secret is hunter2"), "failed with status 1"),
        (Helpers(0, "hunter2"), "answered with no credentials"),
        (Helpers(0, #"{"Username":"u"}"#), "answered with no credentials"), (Helpers(.notFound), "is not installed"),
        (Helpers(.timedOut), "did not finish in time"), (Helpers(.tooMuchOutput(limit: 9)), "wrote more than 9 bytes"),
    ]

    @Test(arguments: failures)
    func failuresAreNotAnonymous(helpers: Helpers, reason: String) async throws {
        let store = try helpers.store()
        await #expect(
            throws: RegistryFailure.credentials(host: "registry.example", reason: "docker-credential-test " + reason)
        ) {
            try await store.credentials(for: Sample.repository, deadline: Sample.deadline)
        }
    }

    @Test func answersAreRememberedForAWhile() async throws {
        let time = FakeTime()
        let helpers = Helpers(0, #"{"Username":"u","Secret":"s"}"#)
        let store = try helpers.store(time)
        for _ in 0..<3 { _ = try await store.credentials(for: Sample.repository, deadline: Sample.deadline) }
        #expect(helpers.asked.count == 1)
        time.advance(by: RegistryLimits.helperMemory)
        _ = try await store.credentials(for: Sample.repository, deadline: Sample.deadline)
        #expect(helpers.asked.count == 2)
    }

    @Test func otherHostsAskNobody() async throws {
        let helpers = Helpers(.notFound)
        let store = try helpers.store()
        let other = Sample.parsed("other.example/app")
        #expect(try await store.credentials(for: other, deadline: Sample.deadline) == .anonymous)
        #expect(helpers.asked.isEmpty)
    }
}

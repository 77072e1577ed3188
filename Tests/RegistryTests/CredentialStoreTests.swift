import OCI
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

@Suite struct ChildProcessTests {
    static func shell(_ script: String, input: String = "", timeout: Duration = .seconds(20), limit: Int = 1_000) async
        -> Result<ChildProcess.Output, ChildProcess.Failure>
    {
        await ChildProcess.run(
            "sh", arguments: ["-c", script], input: Array(input.utf8), maximumOutput: limit, timeout: timeout)
    }

    static func output(_ status: Int32, _ text: String) -> Result<ChildProcess.Output, ChildProcess.Failure> {
        .success(ChildProcess.Output(status: status, bytes: Array(text.utf8)))
    }

    @Test func inputAndOutput() async {
        #expect(await Self.shell("cat; echo done; echo noise >&2", input: "in ") == Self.output(0, "in done\n"))
        #expect(await Self.shell("echo no; exit 3") == Self.output(3, "no\n"))
        #expect(await Self.shell("kill -9 $$") == Self.output(137, ""))
        #expect(await Self.shell("exit 0", input: "nobody reads this") == Self.output(0, ""))
    }

    @Test func theEnvironmentIsHandedOn() async {
        #expect(await Self.shell(#"test -n "$PATH" && echo yes"#) == Self.output(0, "yes\n"))
    }

    /// What a server blocks or ignores must not reach a helper. SIGTERM would be ignored by the shell otherwise.
    @Test func signalsAreReset() async {
        #expect(await Self.shell("kill -TERM $$; echo survived") == Self.output(143, ""))
        #expect(await Self.shell("kill -PIPE $$; echo survived") == Self.output(141, ""))
    }

    @Test func nothingButTheThreeStreamsIsInherited() async {
        // The shell's own listing is the fourth.
        let result = await Self.shell("ls /proc/self/fd | grep -vxE '0|1|2|3'")
        guard case .success(let output) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(!String(decoding: output.bytes, as: UTF8.self).contains("socket"))
    }

    @Test func timeIsBounded() async {
        let start = ContinuousClock.now
        #expect(await Self.shell("sleep 600", timeout: .milliseconds(50)) == .failure(.timedOut))
        // A grandchild that holds the pipe is of the same group, and goes with it.
        #expect(await Self.shell("sleep 600 & exit 0", timeout: .milliseconds(50)) == .failure(.timedOut))
        // Output closed, but no end.
        #expect(await Self.shell("exec >&-; sleep 600", timeout: .milliseconds(50)) == .failure(.timedOut))
        #expect(ContinuousClock.now - start < .seconds(300))
    }

    @Test func outputIsBounded() async {
        #expect(await Self.shell("yes", limit: 100) == .failure(.tooMuchOutput(limit: 100)))
    }

    @Test func absentPrograms() async {
        let result = await ChildProcess.run(
            "docker-credential-countersign-no-such", arguments: ["get"], input: [], maximumOutput: 1,
            timeout: .seconds(5))
        #expect(result == .failure(.notFound))
        let tooLong = await ChildProcess.run(
            "true", arguments: [], input: Array(repeating: 0, count: 5_000), maximumOutput: 1, timeout: .seconds(5))
        guard case .failure(.cannotStart) = tooLong else {
            Issue.record("\(tooLong)")
            return
        }
    }
}

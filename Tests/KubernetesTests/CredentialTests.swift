import Foundation
import JSON
import Processes
import Synchronization
import Testing

@testable import Kubernetes

/// A plugin that a test writes, and what it was given.
private final class Plugin: Sendable {
    let runs = Mutex<[[String: String]]>([])
    let answer: Mutex<Result<ChildProcess.Output, ChildProcess.Failure>>

    init(_ status: String) { answer = Mutex(.success(Self.output(status))) }

    func answers(_ status: String) { answer.withLock { $0 = .success(Self.output(status)) } }

    func fails(_ failure: ChildProcess.Failure) { answer.withLock { $0 = .failure(failure) } }

    var count: Int { runs.withLock { $0.count } }

    static func output(_ status: String, version: String = "client.authentication.k8s.io/v1") -> ChildProcess.Output {
        ChildProcess.Output(
            status: 0, bytes: Array(#"{"apiVersion":"\#(version)","kind":"ExecCredential","status":\#(status)}"#.utf8))
    }

    func keeper(_ clock: Clock) -> CredentialKeeper {
        var surroundings = clock.surroundings
        surroundings.run = { [self] _, environment in
            runs.withLock { $0.append(environment) }
            return answer.withLock { $0 }
        }
        var plugin = ExecPlugin(version: "client.authentication.k8s.io/v1", command: "aws")
        plugin.environment = ["A": "b"]
        plugin.cluster = #"{"server":"https://h"}"#
        plugin.installHint = "install it"
        return CredentialKeeper(
            CredentialSource(bearer: .plugin(plugin)), authorities: nil, surroundings: surroundings)
    }
}

@Suite("Credentials", .timeLimit(.minutes(1)))
struct CredentialTests {
    private let clock = Clock()

    private func token(_ keeper: CredentialKeeper) async throws -> String? {
        try await keeper.identity().authorization?.value
    }

    @Test("A token file is read again each minute, and when what it held is refused")
    func tokenFiles() async throws {
        let folder = try Folder()
        let path = try folder.write("one\n", to: "token")
        let keeper = CredentialKeeper(
            CredentialSource(bearer: .token(.file(path))), authorities: nil, surroundings: clock.surroundings)
        #expect(try await token(keeper) == "Bearer one")
        try folder.write("two", to: "token")
        #expect(try await token(keeper) == "Bearer one")
        clock.advance(by: CredentialKeeper.rereading)
        #expect(try await token(keeper) == "Bearer two")

        let refused = try await keeper.identity()
        #expect(try await keeper.identity(insteadOf: refused) == nil)
        try folder.write("three", to: "token")
        #expect(try await keeper.identity(insteadOf: refused)?.authorization == Secret("Bearer three"))
        // Whoever comes later with what was refused before gets what there is.
        #expect(try await keeper.identity(insteadOf: refused)?.authorization == Secret("Bearer three"))
        #expect(try await token(keeper) == "Bearer three")
    }

    @Test("A token file that cannot be read for a moment leaves what was read last in force, for as long as is good")
    func forbearance() async throws {
        let folder = try Folder()
        let path = try folder.write("one", to: "token")
        let keeper = CredentialKeeper(
            CredentialSource(bearer: .token(.file(path))), authorities: nil, surroundings: clock.surroundings)
        let one = try await keeper.identity()
        try FileManager.default.removeItem(atPath: path)
        clock.advance(by: CredentialKeeper.rereading)
        #expect(try await keeper.identity() == one)
        // What is refused is shown to nobody again.
        let unreadable = APIFailure.credentials("the token \(path) cannot be read")
        let refused = await failure { () async throws(APIFailure) in try await keeper.identity(insteadOf: one) }
        #expect(refused == unreadable)
        clock.advance(by: CredentialKeeper.forbearance - CredentialKeeper.rereading)
        #expect(await failure { () async throws(APIFailure) in try await keeper.identity() } == unreadable)
        try folder.write("two", to: "token")
        #expect(try await token(keeper) == "Bearer two")
    }

    @Test("The request that is refused is made again with the new token, and only then")
    func unauthorized() async throws {
        let folder = try Folder()
        let path = try folder.write("old", to: "token")
        let api = try ScriptedAPI { seen, _ in
            seen.headers["authorization"] == "Bearer new" ? .init(#"{"kind":"Pod"}"#) : .failure(401, "Unauthorized")
        }
        let client = try api.client(CredentialSource(bearer: .token(.file(path))), surroundings: clock.surroundings)
        let pod = ObjectName("a", namespace: "b")
        let refused = await failure { () async throws(APIFailure) in try await client.get(.pods, pod) }
        #expect(refused?.isUnauthorized == true)
        #expect(api.seen.count == 1)
        #expect(refused.map { "\($0)".contains("old") } == false)
        try folder.write("new", to: "token")
        _ = try await client.get(.pods, pod)
        #expect(api.seen.map { $0.headers["authorization"] } == ["Bearer old", "Bearer old", "Bearer new"])
        _ = try await client.watch(.pods, .all, from: "1")
        #expect(api.seen.count == 4)
    }

    @Test("Credentials that cannot be read are a failure that names the file and nothing in it")
    func unreadable() async throws {
        let folder = try Folder()
        let gone = CredentialKeeper(CredentialSource(bearer: .token(.file("/no/token"))), authorities: nil)
        let missing = await failure { () async throws(APIFailure) in try await gone.identity() }
        #expect(missing == .credentials("the token /no/token cannot be read"))
        let path = try folder.write("two\nlines", to: "token")
        let odd = CredentialKeeper(CredentialSource(bearer: .token(.file(path))), authorities: nil)
        let malformed = await failure { () async throws(APIFailure) in try await odd.identity() }
        #expect(malformed == .credentials("the token is empty, or is no token"))
        let withoutCA = CredentialKeeper(CredentialSource(), authorities: .file("/no/ca"))
        let noCA = await failure { () async throws(APIFailure) in try await withoutCA.identity() }
        #expect(noCA == .credentials("the CA file /no/ca cannot be read"))
    }

    @Test("Certificates come from texts and files")
    func certificates() throws {
        let folder = try Folder()
        let key = try folder.write("KEY", to: "key")
        let source = CredentialSource(certificate: .text(Secret("CERT")), key: .file(key))
        let pair = try #require(try source.identity(nil, authorities: nil).certificate)
        #expect(pair.certificatePEM == "CERT" && pair.privateKeyPEM == "KEY")
    }
}

@Suite("Credential plugins", .timeLimit(.minutes(1)))
struct ExecPluginTests {
    private let clock = Clock()

    private func token(_ keeper: CredentialKeeper) async throws -> String? {
        try await keeper.identity().authorization?.value
    }

    @Test("It is told what it is for, and run once for all")
    func once() async throws {
        let plugin = Plugin(#"{"token":"one"}"#)
        let keeper = plugin.keeper(clock)
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await token(keeper) } }
            for try await token in group { #expect(token == "Bearer one") }
        }
        #expect(plugin.count == 1)
        let environment = try #require(plugin.runs.withLock { $0.first })
        #expect(environment["A"] == "b")
        #expect(
            environment["KUBERNETES_EXEC_INFO"]
                == #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"server":"https://h"},"interactive":false}}"#
        )
        clock.advance(by: .seconds(100_000))
        #expect(try await token(keeper) == "Bearer one")
        #expect(plugin.count == 1)
    }

    @Test("What it said is kept until shortly before it expires")
    func expiry() async throws {
        // The clock begins at 1970-01-12T13:46:40Z.
        let plugin = Plugin(#"{"token":"one","expirationTimestamp":"1970-01-12T13:56:40Z"}"#)
        let keeper = plugin.keeper(clock)
        #expect(try await token(keeper) == "Bearer one")
        plugin.answers(#"{"token":"two","expirationTimestamp":"1970-01-12T14:56:40Z"}"#)
        clock.advance(by: .seconds(589))
        #expect(try await token(keeper) == "Bearer one")
        clock.advance(by: .seconds(1))
        #expect(try await token(keeper) == "Bearer two")
        #expect(plugin.count == 2)
    }

    @Test("It is asked again when its answer is refused, and not more often than is good")
    func refused() async throws {
        let plugin = Plugin(#"{"token":"one"}"#)
        let keeper = plugin.keeper(clock)
        let first = try await keeper.identity()
        plugin.answers(#"{"token":"two"}"#)
        #expect(try await keeper.identity(insteadOf: first) == nil)
        clock.advance(by: CredentialKeeper.shortestInterval)
        let second = try #require(try await keeper.identity(insteadOf: first))
        #expect(second.authorization == Secret("Bearer two"))
        #expect(plugin.count == 2)
    }

    @Test("A failure is kept for a moment, so that nothing is run in a circle")
    func failing() async throws {
        let plugin = Plugin("{}")
        plugin.fails(.notFound)
        let keeper = plugin.keeper(clock)
        for _ in 0..<3 {
            let missing = await failure { () async throws(APIFailure) in try await keeper.identity() }
            #expect(missing == .credentials("aws is not installed: install it"))
        }
        #expect(plugin.count == 1)
        clock.advance(by: CredentialKeeper.shortestInterval)
        plugin.answers(#"{"clientCertificateData":"CERT","clientKeyData":"KEY"}"#)
        #expect(try await keeper.identity().certificate?.privateKeyPEM == "KEY")
    }

    @Test(
        "What is no answer is refused, and not repeated",
        arguments: [
            #"{}"#, #"{"token":""}"#, #"{"token":"s3cret token"}"#, #"{"clientCertificateData":"s3cret"}"#,
            #"{"token":"s3cret","expirationTimestamp":"tomorrow"}"#, #"{"token":"s3cret""#,
        ])
    func malformed(status: String) async throws {
        let keeper = Plugin(status).keeper(clock)
        let failure = await failure { () async throws(APIFailure) in try await keeper.identity() }
        guard case .credentials(let reason)? = failure else {
            Issue.record("\(status) was taken")
            return
        }
        #expect(reason.hasPrefix("aws wrote") && !reason.contains("s3cret"))
    }

    @Test("Another version, another kind and a failure are told apart")
    func others() async throws {
        let plugin = ExecPlugin(version: "client.authentication.k8s.io/v1", command: "aws")
        func reason(_ output: ChildProcess.Output) async -> APIFailure? {
            await failure { () async throws(APIFailure) in try await plugin.ask { _, _ in .success(output) } }
        }
        let status = #"{"token":"t"}"#
        #expect(
            await reason(Plugin.output(status, version: "client.authentication.k8s.io/v1beta1"))
                == .credentials("aws answered in another version than client.authentication.k8s.io/v1"))
        #expect(await reason(.init(status: 3, bytes: [])) == .credentials("aws failed with status 3"))
        #expect(await reason(.init(status: 0, bytes: [])) == .credentials("aws wrote no ExecCredential"))
    }

    @Test("A real program is run with its arguments and its variables")
    func real() async throws {
        let script = #"""
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s"}}' "$WHO" "$1"
            """#
        var plugin = ExecPlugin(version: "client.authentication.k8s.io/v1", command: "sh")
        plugin.arguments = ["-c", script, "sh", "x"]
        plugin.environment = ["WHO": "me"]
        #expect(try await plugin.ask(ExecPlugin.run).token == Secret("me-x"))
    }
}

import JSON
import LocalCluster
import Synchronization
import Testing

@testable import Kubernetes

/// Runs a reflector and says what it observed, one thing at a time.
private final class Follower: Sendable {
    let cluster: LocalCluster
    let pauses: AsyncStream<Duration>
    private let observations: AsyncStream<String>
    private let task: Task<Void, Never>

    init(_ cluster: LocalCluster, _ type: ResourceType = .configMaps, _ selection: Selection = .all) {
        self.cluster = cluster
        let (observations, continuation) = AsyncStream.makeStream(of: String.self)
        let (pauses, pauseContinuation) = AsyncStream.makeStream(of: Duration.self)
        self.observations = observations
        self.pauses = pauses
        var pace = Pace.standard
        pace.jitter = { 1 }
        pace.sleep = { delay in
            pauseContinuation.yield(delay)
            await Task.yield()
        }
        task = Task { [pace] in
            await Reflector(cluster, type, selection, pace: pace).run { continuation.yield(Self.describe($0)) }
            continuation.finish()
        }
    }

    deinit { task.cancel() }

    func stop() { task.cancel() }

    func next() async -> String? { await observations.first { _ in true } }

    private static func describe(_ observation: Observation) -> String {
        switch observation {
        case .replaced(let objects): "all " + objects.map(name).sorted().joined(separator: " ")
        case .changed(let object): "changed " + name(object)
        case .removed(let object): "removed " + name(object)
        case .absent: "absent"
        case .stale(let failure): "stale: \(failure)"
        case .current: "current"
        }
    }

    private static func name(_ object: Value) -> String { ObjectName(of: object)?.description ?? "?" }
}

private func configMap(_ name: String, _ data: String = "") -> String {
    #"{"metadata":{"name":"\#(name)","namespace":"n"},"data":{"value":"\#(data)"}}"#
}

@Suite("The reflector", .timeLimit(.minutes(1)))
struct ReflectorTests {
    private let cluster = LocalCluster()

    private func verbs() -> [String] { cluster.requests.map(\.verb) }

    /// The watch that was cut has been asked for again. Others get their turn meanwhile.
    private func watches(_ count: Int) async {
        while cluster.requests.count(where: { $0.verb == "watch" }) < count { await Task.yield() }
    }

    @Test("Lists, then tells what changes, in order")
    func following() async throws {
        try cluster.put(.configMaps, configMap("a"))
        try cluster.put(.configMaps, configMap("b"))
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a n/b")
        try cluster.put(.configMaps, configMap("a", "new"))
        try cluster.put(.configMaps, configMap("c"))
        cluster.remove(.configMaps, ObjectName("b", namespace: "n"))
        #expect(await follower.next() == "changed n/a")
        #expect(await follower.next() == "changed n/c")
        #expect(await follower.next() == "removed n/b")
        #expect(verbs() == ["list", "watch"])
    }

    @Test("Reads all pages before it says that these are all")
    func paging() async throws {
        let count = Reflector.pageSize * 2 + 1
        for number in 0..<count { try cluster.put(.configMaps, configMap("m\(number)")) }
        let follower = Follower(cluster)
        #expect(await follower.next()?.split(separator: " ").count == count + 1)
        #expect(verbs().filter { $0 == "list" }.count == 3)
    }

    @Test("A watch that ends is resumed: nothing is lost, nothing listed again, nothing said")
    func resuming() async throws {
        try cluster.put(.configMaps, configMap("a"))
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a")
        for (number, failure) in [nil, APIFailure.unreachable("reset")].enumerated() {
            await watches(number + 1)
            cluster.cutWatches(with: failure)
            try cluster.put(.configMaps, configMap("while-away-\(number)"))
            #expect(await follower.next() == "changed n/while-away-\(number)")
        }
        #expect(verbs() == ["list", "watch", "watch", "watch"])
    }

    @Test("A version that is too old makes it list again, at once")
    func gone() async throws {
        try cluster.put(.configMaps, configMap("a"))
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a")
        await watches(1)
        cluster.compact()
        cluster.remove(.configMaps, ObjectName("a", namespace: "n"))
        cluster.compact()
        // As an ERROR event of the watch that is open, and as the answer to the next.
        cluster.cutWatches(with: .status(410, reason: "Expired", message: "too old"))
        while let observation = await follower.next() {
            if observation == "all " { break }
            #expect(observation == "removed n/a")
        }
        try cluster.put(.configMaps, configMap("b"))
        #expect(await follower.next() == "changed n/b")
    }

    @Test("Says once that it is out of touch, and waits longer and longer")
    func stale() async throws {
        try cluster.put(.configMaps, configMap("a"))
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a")
        await watches(1)
        cluster.fail { _ in .unreachable("refused") }
        cluster.cutWatches(with: .unreachable("reset"))
        #expect(await follower.next() == "stale: the API server cannot be reached: refused")
        var pauses: [Duration] = []
        for await pause in follower.pauses {
            pauses.append(pause)
            if pauses.count == 8 { break }
        }
        #expect(pauses == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { Duration.milliseconds($0) })
        try cluster.put(.configMaps, configMap("meanwhile"))
        cluster.fail(nil)
        #expect(await follower.next() == "current")
        #expect(await follower.next() == "changed n/meanwhile")
    }

    @Test("A first list that fails is said, and made up for")
    func firstListFails() async throws {
        cluster.fail { _ in .status(403, reason: "Forbidden", message: "configmaps is forbidden") }
        let follower = Follower(cluster)
        #expect(await follower.next() == "stale: configmaps is forbidden")
        cluster.fail(nil)
        #expect(await follower.next() == "all ")
        #expect(await follower.next() == "current")
    }

    @Test("A type that is not there is an empty list, until it is there")
    func absent() async throws {
        let missing = APIFailure.status(404, reason: "NotFound", message: "the server could not find it")
        cluster.fail { _ in missing }
        let follower = Follower(cluster, .clusterPolicies)
        #expect(await follower.next() == "absent")
        for await pause in follower.pauses.prefix(2) { #expect(pause == .seconds(2)) }
        try cluster.put(.clusterPolicies, #"{"metadata":{"name":"p"}}"#)
        cluster.fail(nil)
        #expect(await follower.next() == "all p")
        await watches(1)
        // And when it is taken away again:
        cluster.fail { _ in missing }
        cluster.cutWatches()
        #expect(await follower.next() == "absent")
    }

    @Test("A version that the server does not understand is forgotten")
    func malformedVersion() async throws {
        try cluster.put(.configMaps, configMap("a"))
        cluster.fail { $0.verb == "watch" ? .status(400, reason: "BadRequest", message: "no such version") : nil }
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a")
        #expect(await follower.next() == "stale: no such version")
        cluster.fail(nil)
        #expect(await follower.next() == "all n/a")
        #expect(await follower.next() == "current")
    }

    @Test(
        "A version from which the server cannot go on is given up after some attempts",
        arguments: [APIFailure.status(500, reason: "InternalError", message: "broken"), .malformed("no event")])
    func refusedVersion(failure: APIFailure) async throws {
        try cluster.put(.configMaps, configMap("a"))
        cluster.fail { $0.verb == "watch" ? failure : nil }
        let follower = Follower(cluster)
        #expect(await follower.next() == "all n/a")
        #expect(await follower.next() == "stale: \(failure)")
        #expect(await follower.next() == "all n/a")
        #expect(await follower.next() == "current")
        let attempts = Array(repeating: "watch", count: Reflector.maximumRefusals)
        #expect(Array(verbs().prefix(attempts.count + 2)) == ["list"] + attempts + ["list"])
    }

    @Test("A server that is away costs no version, however long")
    func awayWhileWatching() async throws {
        cluster.fail { $0.verb == "watch" ? .unreachable("refused") : nil }
        let follower = Follower(cluster)
        for await _ in follower.pauses.prefix(Reflector.maximumRefusals * 3) {}
        cluster.fail(nil)
        await watches(Reflector.maximumRefusals * 3 + 1)
        #expect(verbs().count(where: { $0 == "list" }) == 1)
    }

    @Test("A version that is too old once more is out of touch")
    func goneAgain() async throws {
        try cluster.put(.configMaps, configMap("a"))
        cluster.fail { $0.verb == "watch" ? .status(410, reason: "Expired", message: "too old") : nil }
        let follower = Follower(cluster)
        for expected in ["all n/a", "all n/a", "stale: too old", "all n/a", "current"] {
            #expect(await follower.next() == expected)
        }
    }

    @Test("A list that never ends is given up")
    func endlessList() async throws {
        let api = try ScriptedAPI(.init(#"{"metadata":{"resourceVersion":"1","continue":"more"},"items":[]}"#))
        let (failures, continuation) = AsyncStream.makeStream(of: APIFailure.self)
        let reflector = Reflector(try api.client(), .configMaps)
        let task = Task {
            await reflector.run { observation in
                if case .stale(let failure) = observation { continuation.yield(failure) }
            }
        }
        defer { task.cancel() }
        let failure = await failures.first { _ in true }
        #expect(failure == .malformed("a list of configmaps has more than \(Reflector.maximumPages) pages"))
    }

    @Test("Watches what it was told to and nothing else")
    func selecting() async throws {
        let name = ObjectName("a", namespace: "n")
        try cluster.put(.configMaps, configMap("b"))
        let follower = Follower(cluster, .configMaps, .only(name))
        #expect(await follower.next() == "all ")
        try cluster.put(.configMaps, configMap("c"))
        try cluster.put(.configMaps, configMap("a"))
        #expect(await follower.next() == "changed n/a")
    }

    @Test("Ends with its task, whether it listens or waits")
    func cancelling() async throws {
        let follower = Follower(cluster)
        #expect(await follower.next() == "all ")
        follower.stop()
        #expect(await follower.next() == nil)
        cluster.fail { _ in .unreachable("refused") }
        let waiting = Follower(cluster)
        _ = await waiting.next()
        waiting.stop()
        #expect(await waiting.next() == nil)
    }
}

@Suite("The pace")
struct PaceTests {
    @Test("Delays grow up to a limit, whatever the count")
    func delays() {
        var pace = Pace.standard
        pace.jitter = { 1 }
        #expect(pace.delay(afterFailures: 0) == .milliseconds(100))
        #expect(pace.delay(afterFailures: 1) == .milliseconds(100))
        #expect(pace.delay(afterFailures: 3) == .milliseconds(400))
        #expect(pace.delay(afterFailures: .max) == .seconds(5))
        pace.jitter = { 0.5 }
        #expect(pace.delay(afterFailures: 1) == .milliseconds(50))
    }
}

import JSON
import Kubernetes
import Synchronization
import Testing

@testable import Cluster

/// One object, and a watch that says only what the test has it say: what a real one says late.
private final class OneObject: KubernetesAPI {
    struct State {
        var object: Value?
        /// What reads get instead.
        var failure: APIFailure?
        var isSilent = false
        /// What lists and watches get instead.
        var watchFailure: APIFailure?
        var watches: [AsyncThrowingStream<WatchEvent, any Error>.Continuation] = []
        var reads = 0
        var version = 0
    }

    static let name = ObjectName("keys", namespace: "prod")
    let state = Mutex(State())

    /// - Parameter value: nil for no object.
    @discardableResult
    func put(_ value: String?) throws -> Value? {
        try state.withLock { state in
            state.version += 1
            state.object = try value.map { value in
                let metadata = #"{"name":"keys","namespace":"prod","resourceVersion":"\#(state.version)"}"#
                return try Document(Array(#"{"metadata":\#(metadata),"data":{"a":"\#(value)"}}"#.utf8)).root
            }
            return state.object
        }
    }

    func fail(_ failure: APIFailure?) { state.withLock { $0.failure = failure } }

    /// Ends the watch, and answers none until ``reopen()``.
    func cut(_ failure: APIFailure = .unreachable("gone")) {
        state.withLock { $0.watchFailure = failure }
        for watch in state.withLock({ $0.watches }) { watch.finish(throwing: failure) }
    }

    func reopen() { state.withLock { $0.watchFailure = nil } }

    func tell(_ event: WatchEvent) { state.withLock { $0.watches.last }?.yield(event) }

    func get(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Value {
        if state.withLock({ $0.isSilent }) { try? await Task.sleep(for: .seconds(60)) }
        let answer = state.withLock { state -> Result<Value, APIFailure> in
            state.reads += 1
            if let failure = state.failure { return .failure(failure) }
            return state.object.map { .success($0) } ?? .failure(.status(404, reason: "NotFound", message: "none"))
        }
        return try answer.get()
    }

    func page(
        _ type: ResourceType, _ selection: Selection, limit: Int, continuing: String?
    ) async throws(APIFailure) -> ObjectPage {
        let answer = state.withLock { state -> Result<ObjectPage, APIFailure> in
            if let failure = state.watchFailure { return .failure(failure) }
            return .success(
                ObjectPage(items: state.object.map { [$0] } ?? [], resourceVersion: String(state.version)))
        }
        return try answer.get()
    }

    func watch(
        _ type: ResourceType, _ selection: Selection, from resourceVersion: String
    ) async throws(APIFailure) -> AsyncThrowingStream<WatchEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: WatchEvent.self)
        let failure = state.withLock { state in
            if state.watchFailure == nil { state.watches.append(continuation) }
            return state.watchFailure
        }
        if let failure { throw failure }
        return stream
    }

    func create(_ type: ResourceType, namespace: String?, _ body: [UInt8]) async throws(APIFailure) -> Value {
        throw .cancelled
    }
    func replace(_ type: ResourceType, _ name: ObjectName, _ body: [UInt8]) async throws(APIFailure) -> Value {
        throw .cancelled
    }
    func apply(
        _ type: ResourceType, _ name: ObjectName, subresource: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value { throw .cancelled }
    func delete(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) { throw .cancelled }
    func document(at path: String) async throws(APIFailure) -> Value { throw .cancelled }
}

@Suite("Objects that policies name")
struct NamedObjectsTests {
    private let api = OneObject()
    private let clock = TestClock()
    private let objects: NamedObjects

    init() { objects = NamedObjects(api, .secrets, pace: .quick, now: clock.now) }

    private func value(_ objects: NamedObjects? = nil) async throws -> String? {
        try await (objects ?? self.objects).object(OneObject.name)["data"]?["a"]?.string
    }

    private func untilKnownWithoutReading(_ expected: String) async throws {
        for _ in 0..<2000 {
            let before = api.state.withLock { $0.reads }
            if try await value() == expected, api.state.withLock({ $0.reads }) == before { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it is read each time")
    }

    /// The watch is cut, and that has been noticed.
    private func cut(_ failure: APIFailure = .unreachable("gone")) async throws {
        api.cut(failure)
        for _ in 0..<2000 {
            let before = api.state.withLock { $0.reads }
            _ = try? await value()
            if api.state.withLock({ $0.reads }) > before { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it is not read")
    }

    @Test("A watch that is open again is not believed before it has caught up")
    func reopened() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut()
        let new = try #require(try api.put("2"))
        #expect(try await value() == "2")
        api.reopen()
        try await untilTrue { api.state.withLock { $0.watches.count } == 2 }
        for _ in 0..<20 {
            #expect(try await value() == "2")
            try await Task.sleep(for: .milliseconds(2))
        }
        api.tell(.modified(new))
        try await untilKnownWithoutReading("2")
    }

    @Test("A watch that missed nothing is believed after one read")
    func nothingMissed() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut()
        api.reopen()
        try await untilKnownWithoutReading("1")
    }

    @Test("What was read while the watch was out of touch is what serves when nobody can be asked any more")
    func lastRead() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut()
        try api.put("2")
        #expect(try await value() == "2")
        api.fail(.unreachable("gone"))
        #expect(try await value() == "2")
        // An object that was gone is not there again.
        api.fail(nil)
        try api.put(nil)
        await #expect(throws: APIFailure.self) { try await value() }
        api.fail(.unreachable("gone"))
        await #expect(throws: APIFailure.unreachable("gone")) { try await value() }
    }

    @Test(
        "An API server that starts refuses what it will give in a moment",
        arguments: [401, 403, 429, 500, 503])
    func refusals(status: Int) async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut()
        api.fail(.status(status, reason: "", message: "not now"))
        #expect(try await value() == "1")
        // What is refused for long is meant so.
        clock.advance(by: NamedObjects.refusalTime)
        let known = try? await value()
        #expect(known == (status < 404 ? nil : "1"))
        api.fail(.unreachable("gone"))
        #expect(try await value() == "1")
    }

    @Test("A silent API server is waited for a moment only, where something is known")
    func silence() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut()
        api.state.withLock { $0.isSilent = true }
        let start = ContinuousClock.now
        #expect(try await value() == "1")
        #expect(start.duration(to: .now) < .seconds(30))
    }

    @Test("Watching that is refused is tried again after a while, and what was known stays")
    func refusedWatch() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        try await cut(.status(403, reason: "Forbidden", message: "no"))
        try await untilTrue { objects.watched == 0 }
        api.fail(.unreachable("gone"))
        #expect(try await value() == "1")
        api.fail(nil)
        api.reopen()
        try api.put("2")
        #expect(try await value() == "2")
        #expect(objects.watched == 0)
        clock.advance(by: NamedObjects.retryTime)
        try await untilKnownWithoutReading("2")
        #expect(objects.watched == 1)
    }

    @Test("What may not be watched is read each time, and what was read last serves when nobody can be asked")
    func unwatched() async throws {
        let objects = NamedObjects(api, .secrets, pace: .quick, mayWatch: { _ in false }, now: clock.now)
        for expected in ["1", "2"] {
            try api.put(expected)
            #expect(try await value(objects) == expected)
        }
        api.fail(.unreachable("gone"))
        #expect(try await value(objects) == "2")
        api.fail(nil)
        try api.put(nil)
        await #expect(throws: APIFailure.self) { try await value(objects) }
        api.fail(.unreachable("gone"))
        await #expect(throws: APIFailure.unreachable("gone")) { try await value(objects) }

        // Nothing large, and nothing for ever.
        api.fail(nil)
        try api.put(String(repeating: "x", count: NamedObjects.maximumKeptBytes))
        #expect(try await value(objects) != nil)
        api.fail(.unreachable("gone"))
        await #expect(throws: APIFailure.unreachable("gone")) { try await value(objects) }
        api.fail(nil)
        try api.put("3")
        #expect(try await value(objects) == "3")
        clock.advance(by: NamedObjects.idleTime)
        objects.endIdle()
        api.fail(.unreachable("gone"))
        await #expect(throws: APIFailure.unreachable("gone")) { try await value(objects) }
    }

    @Test("What nobody asks for is watched no more")
    func idle() async throws {
        try api.put("1")
        try await untilKnownWithoutReading("1")
        objects.endIdle()
        #expect(objects.watched == 1)
        clock.advance(by: NamedObjects.idleTime)
        objects.endIdle()
        #expect(objects.watched == 0)
        #expect(try await value() == "1")
    }
}

import JSON
import Kubernetes
import LocalCluster
import Synchronization
import Testing

@testable import Cluster

@Suite("Leader election")
struct LeaderElectionTests {
    /// A clock that goes on when it is told to.
    final class Clock: Sendable {
        private let now = Mutex(ContinuousClock.now)
        func advance(_ seconds: Double) { now.withLock { $0 += .seconds(seconds) } }
        var read: @Sendable () -> ContinuousClock.Instant { { self.now.withLock { $0 } } }
    }

    final class Events: Sendable {
        private let events = Mutex<[LeaderElection.Event]>([])
        var all: [LeaderElection.Event] { events.withLock { $0 } }
        var record: @Sendable (LeaderElection.Event) -> Void { { event in self.events.withLock { $0.append(event) } } }
    }

    private let cluster = LocalCluster()
    private let clock = Clock()
    private let lease = ObjectName("countersign", namespace: "countersign")

    private func replica(_ identity: String, _ events: Events = Events()) -> LeaderElection {
        LeaderElection(cluster, lease: lease, identity: identity, clock: clock.read, observer: events.record)
    }

    private var record: LeaseRecord? { cluster.object(.leases, lease).map { LeaseRecord($0) } }

    @Test("The first one creates the lease and leads, the second waits")
    func twoReplicas() async {
        let (first, second) = (replica("a"), replica("b"))
        #expect(!first.isLeader)
        _ = await first.attempt()
        let delay = await second.attempt()
        #expect(first.isLeader && !second.isLeader)
        #expect(record?.holder == "a")
        #expect(record?.durationSeconds == 15)
        #expect(record?.transitions == 0)
        #expect(delay >= .seconds(2) && delay <= .seconds(2.4))
    }

    @Test("A lease that is renewed is never taken, whatever the clocks of others say")
    func renewing() async {
        let (first, second) = (replica("a"), replica("b"))
        for _ in 0..<20 {
            _ = await first.attempt()
            _ = await second.attempt()
            clock.advance(2)
        }
        #expect(first.isLeader && !second.isLeader)
        #expect(record?.transitions == 0)
        let acquired = record?.acquireTime
        _ = await first.attempt()
        #expect(record?.acquireTime == acquired)
    }

    @Test("The holder stops before another may take over")
    func takingOver() async {
        let events = Events()
        let (first, second) = (replica("a", events), replica("b"))
        _ = await first.attempt()
        _ = await second.attempt()
        cluster.fail { $0.verb == "update" ? .unreachable("cut off") : nil }
        for _ in 0..<5 {
            clock.advance(2)
            _ = await first.attempt()
        }
        // Ten seconds without a renewal: out, five seconds before anybody else may be in.
        #expect(!first.isLeader)
        #expect(events.all.last == .ended("the lease could not be renewed in time"))
        cluster.fail(nil)
        _ = await second.attempt()
        #expect(!second.isLeader)
        clock.advance(5)
        _ = await second.attempt()
        #expect(second.isLeader)
        #expect(record?.holder == "b")
        #expect(record?.transitions == 1)
        _ = await first.attempt()
        #expect(!first.isLeader)
        #expect(events.all.last == .other("b"))
    }

    @Test("A holder that is stuck does not lead for longer than its deadline")
    func stuck() async {
        let events = Events()
        let first = replica("a", events)
        _ = await first.attempt()
        clock.advance(9.9)
        #expect(first.isLeader)
        clock.advance(0.1)
        #expect(!first.isLeader)
        _ = await first.attempt()
        #expect(first.isLeader)
        // Whoever listens looks again at what happened meanwhile.
        #expect(events.all == [.began, .ended("the lease could not be renewed in time"), .began])
    }

    @Test("Of two who see the lease free, one wins")
    func racing() async throws {
        let first = replica("a")
        _ = await first.attempt()
        await first.release()
        // Both read the free lease; the other one writes first.
        let stale = try #require(cluster.object(.leases, lease))
        let second = replica("b")
        _ = await second.attempt()
        #expect(second.isLeader)
        let body = LeaseRecord(stale).object(lease, version: stale["metadata"]?["resourceVersion"]?.string)
        let failure = await #expect(throws: APIFailure.self) { try await cluster.replace(.leases, lease, body) }
        #expect(failure?.isConflict == true)
    }

    @Test("A conflict is no failure, and the lease is asked for again")
    func conflict() async {
        let events = Events()
        let first = replica("a", events)
        cluster.fail { $0.isWrite ? .status(409, reason: "Conflict", message: "") : nil }
        _ = await first.attempt()
        #expect(!first.isLeader)
        cluster.fail(nil)
        _ = await first.attempt()
        #expect(first.isLeader)
        #expect(events.all == [.began])
    }

    @Test("A lease given back is free at once")
    func releasing() async {
        let (first, second) = (replica("a"), replica("b"))
        _ = await first.attempt()
        await first.release()
        #expect(!first.isLeader)
        #expect(record?.holder == "")
        _ = await second.attempt()
        #expect(second.isLeader)
        #expect(record?.transitions == 1)
        // Who does not lead has nothing to give back.
        await first.release()
        #expect(record?.holder == "b")
    }

    @Test("A lease that somebody else takes by force ends the leadership at the next look")
    func force() async throws {
        let events = Events()
        let first = replica("a", events)
        _ = await first.attempt()
        try cluster.put(
            .leases,
            #"{"metadata":{"name":"countersign","namespace":"countersign"},"spec":{"holderIdentity":"x","leaseDurationSeconds":60}}"#
        )
        _ = await first.attempt()
        #expect(!first.isLeader)
        #expect(events.all == [.began, .ended("the lease is x's"), .other("x")])
        clock.advance(59)
        _ = await first.attempt()
        #expect(!first.isLeader)
        clock.advance(1)
        _ = await first.attempt()
        #expect(first.isLeader)
    }

    @Test("Changes are told, and the end of the task gives the lease back")
    func running() async {
        let first = replica("a")
        let run = Task { await first.run() }
        var changes = first.changes().makeAsyncIterator()
        while let leads = await changes.next(), !leads {}
        #expect(first.isLeader)
        run.cancel()
        await run.value
        #expect(await changes.next() == false)
        #expect(record?.holder == "")
    }

    @Test("The times are such as the API takes")
    func microTime() throws {
        let time = LeaseRecord.now()
        #expect(time.count == "2026-11-23T01:02:03.000000Z".count)
        #expect(time.hasSuffix("000Z"))
        let object = try Document(
            LeaseRecord(
                holder: "a", durationSeconds: 15, acquireTime: time, renewTime: time, transitions: 3
            ).object(lease, version: "7")
        ).root
        #expect(
            LeaseRecord(object)
                == LeaseRecord(
                    holder: "a", durationSeconds: 15, acquireTime: time, renewTime: time, transitions: 3))
        #expect(object["metadata"]?["resourceVersion"]?.string == "7")
        #expect(object["metadata"]?["namespace"]?.string == "countersign")
    }
}

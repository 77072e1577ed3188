import JSON
import Kubernetes
import Testing

@testable import Cluster

/// One that `#expect` can call.
private final class Tracked {
    private var tracked = TrackedObject()
    var object: Value? { tracked.object }
    var isKnown: Bool { tracked.isKnown }
    var moment: TrackedObject.Moment { tracked.moment }
    func take(_ observation: Observation) -> Bool { tracked.take(observation) }
    func take(answer: Value?, since moment: TrackedObject.Moment) -> Bool {
        tracked.take(answer: answer, since: moment)
    }
}

@Suite("An object that is watched and written")
struct TrackedObjectTests {
    private func object(_ version: String) throws -> Value {
        try Document(Array(#"{"metadata":{"name":"a","resourceVersion":"\#(version)"}}"#.utf8)).root
    }

    private func version(_ tracked: Tracked) -> String? {
        tracked.object?["metadata"]?["resourceVersion"]?.string
    }

    @Test("Deleted before the answer to our write came, it is gone")
    func deletedMeanwhile() throws {
        let tracked = Tracked()
        #expect(tracked.take(.replaced([])))
        let moment = tracked.moment
        // The API server stores our write, somebody deletes it, and the watch tells of both before the answer arrives.
        #expect(tracked.take(.changed(try object("2"))))
        #expect(tracked.take(.removed(try object("3"))))
        #expect(!tracked.take(answer: try object("2"), since: moment))
        #expect(tracked.isKnown && tracked.object == nil)
    }

    @Test("Made again before the answer to our deletion came, it is there")
    func madeMeanwhile() throws {
        let tracked = Tracked()
        #expect(tracked.take(.replaced([try object("1")])))
        let moment = tracked.moment
        #expect(tracked.take(.removed(try object("2"))))
        #expect(tracked.take(.changed(try object("3"))))
        #expect(!tracked.take(answer: nil, since: moment))
        #expect(version(tracked) == "3")
    }

    @Test("An answer that is newer than what the watch told meanwhile counts")
    func newerAnswer() throws {
        let tracked = Tracked()
        #expect(tracked.take(.replaced([try object("1")])))
        let moment = tracked.moment
        #expect(tracked.take(.changed(try object("2"))))
        #expect(tracked.take(answer: try object("3"), since: moment))
        #expect(version(tracked) == "3")
        // What came before it is told later, and passed over.
        #expect(!tracked.take(.changed(try object("2"))))
        #expect(!tracked.take(.removed(try object("2"))))
        #expect(version(tracked) == "3")
        #expect(tracked.take(.changed(try object("3"))))
    }

    @Test("A list says how things are, whatever was answered before it")
    func list() throws {
        let tracked = Tracked()
        #expect(!tracked.isKnown)
        #expect(!tracked.take(.stale(.unreachable("away"))) && !tracked.isKnown)
        let moment = tracked.moment
        #expect(tracked.take(.replaced([])))
        #expect(!tracked.take(answer: try object("5"), since: moment))
        #expect(tracked.isKnown && tracked.object == nil)
        #expect(tracked.take(answer: try object("6"), since: tracked.moment))
        // From a backup: versions begin anew.
        #expect(tracked.take(.replaced([try object("3")])))
        #expect(tracked.take(.changed(try object("4"))))
        #expect(version(tracked) == "4")
        #expect(tracked.take(.absent))
        #expect(tracked.object == nil)
    }

    @Test("A version that is no number passes nothing over")
    func opaque() throws {
        let tracked = Tracked()
        #expect(tracked.take(.replaced([try object("x")])))
        #expect(tracked.take(answer: try object("y"), since: tracked.moment))
        #expect(tracked.take(.changed(try object("z"))))
        #expect(version(tracked) == "z")
    }
}

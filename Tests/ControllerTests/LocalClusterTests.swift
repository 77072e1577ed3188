import JSON
import Kubernetes
import LocalCluster
import Testing

@Suite("The API server in memory")
struct LocalClusterTests {
    private static let body = Array(#"{"metadata":{"name":"a"},"data":{"one":"1"}}"#.utf8)

    @Test("What is written can be read, and a stale version is a conflict")
    func versions() async throws {
        let cluster = LocalCluster()
        let first = try await cluster.create(.configMaps, namespace: "n", Self.body)
        #expect(first["metadata"]?["namespace"]?.string == "n")
        await #expect(throws: APIFailure.self) { try await cluster.create(.configMaps, namespace: "n", Self.body) }
        _ = try await cluster.replace(.configMaps, ObjectName("a", namespace: "n"), first.source)
        let failure = await #expect(throws: APIFailure.self) {
            try await cluster.replace(.configMaps, ObjectName("a", namespace: "n"), first.source)
        }
        #expect(failure?.isConflict == true)
    }

    @Test("Applying merges, and applying the same again changes nothing")
    func applying() async throws {
        let cluster = LocalCluster()
        let name = ObjectName("a", namespace: "n")
        try cluster.put(.configMaps, #"{"metadata":{"name":"a","namespace":"n"},"data":{"two":"2"}}"#)
        let first = try await cluster.apply(.configMaps, name, Self.body)
        #expect(first["data"]?["one"]?.string == "1")
        #expect(first["data"]?["two"]?.string == "2")
        let second = try await cluster.apply(.configMaps, name, Self.body)
        #expect(second["metadata"]?["resourceVersion"]?.string == first["metadata"]?["resourceVersion"]?.string)
        #expect(cluster.writes.map(\.verb) == ["apply", "apply"])
    }

    @Test("A watch hears what changes, from the version it names")
    func watching() async throws {
        let cluster = LocalCluster()
        let page = try await cluster.page(.configMaps, .all, limit: 10, continuing: nil)
        try cluster.put(.configMaps, #"{"metadata":{"name":"before","namespace":"n"}}"#)
        let selection = Selection(namespace: "n")
        var events = try await cluster.watch(.configMaps, selection, from: page.resourceVersion).makeAsyncIterator()
        try cluster.put(.configMaps, #"{"metadata":{"name":"other","namespace":"m"}}"#)
        cluster.remove(.configMaps, ObjectName("before", namespace: "n"))
        guard case .added(let added)? = try await events.next() else { throw APIFailure.malformed("no event") }
        #expect(added["metadata"]?["name"]?.string == "before")
        guard case .deleted? = try await events.next() else { throw APIFailure.malformed("no event") }
        cluster.cutWatches()
        #expect(try await events.next() == nil)

        cluster.compact()
        let failure = await #expect(throws: APIFailure.self) {
            _ = try await cluster.watch(.configMaps, selection, from: page.resourceVersion)
        }
        #expect(failure?.isGone == true)
    }
}

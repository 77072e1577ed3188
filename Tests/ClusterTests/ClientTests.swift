import Foundation
import HTTPClient
import JSON
import Kubernetes
import Synchronization
import Testing

@testable import TestSupport

/// Our client against an API server that is not ours.
@Suite(.needsCluster) struct ClientTests {
    /// A client with all rights, in a namespace that is new.
    private struct Scene {
        let cluster: APIServer
        let api: KubernetesClient
        let namespace: String

        init(through relay: Relay? = nil) async throws {
            cluster = try await APIServer.shared()
            let folder = try TemporaryFolder("client")
            let port = relay?.port ?? cluster.port
            let kubeconfig = try folder.write(
                APIServer.kubeconfig(server: "https://127.0.0.1:\(port)", caFile: cluster.caFile, token: "admin"),
                to: "kubeconfig")
            api = KubernetesClient(
                http: try HTTPClient(HTTPClient.Configuration()),
                configuration: try ClusterConfiguration(kubeconfig: kubeconfig, environment: [:]))
            namespace = "client-" + UUID().uuidString.prefix(8).lowercased()
            try await cluster.admin.succeed("create", "namespace", namespace)
        }

        var all: Selection { Selection(namespace: namespace) }

        /// The names of what a list says. API servers put ConfigMaps of their own into namespaces.
        static func names(_ items: [Value]) -> [String] {
            items.compactMap { ObjectName(of: $0)?.name }.filter { $0 != "kube-root-ca.crt" }
        }

        static func configMap(_ name: String, _ data: [String: String] = [:], version: String? = nil) -> [UInt8] {
            var writer = Writer()
            writer.beginObject()
            for (key, value) in [("apiVersion", "v1"), ("kind", "ConfigMap")] {
                writer.key(key)
                writer.string(value)
            }
            writer.key("metadata")
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            if let version {
                writer.key("resourceVersion")
                writer.string(version)
            }
            writer.endObject()
            writer.key("data")
            writer.beginObject()
            for (key, value) in data.sorted(by: { $0.key < $1.key }) {
                writer.key(key)
                writer.string(value)
            }
            writer.endObject()
            writer.endObject()
            return writer.bytes
        }
    }

    @Test func aCertificateSaysWhoWeAre() async throws {
        let cluster = try await APIServer.shared()
        let folder = try TemporaryFolder("client-certificate")
        let files = try await cluster.certificate(user: "certified", group: "guests", in: folder)
        let user = #"client-certificate: "\#(files.certificateFile)", client-key: "\#(files.keyFile)""#
        let kubeconfig = try folder.write(
            APIServer.kubeconfig(server: cluster.url, caFile: cluster.caFile, user: user), to: "kubeconfig")
        let api = KubernetesClient(
            http: try HTTPClient(HTTPClient.Configuration()),
            configuration: try ClusterConfiguration(kubeconfig: kubeconfig))
        // Who we are is what the refusal says: somebody whom the API server knows, and who may do nothing.
        let failure = await #expect(throws: APIFailure.self) { try await api.get(.namespaces, ObjectName("default")) }
        let words = failure.map { "\($0)" } ?? "no failure"
        #expect(failure?.isForbidden == true && words.contains("\"certified\""), "\(words)")
    }

    @Test func anObjectsLife() async throws {
        let scene = try await Scene()
        let name = ObjectName("settings", namespace: scene.namespace)
        func expect(_ matches: (APIFailure) -> Bool, _ body: () async throws -> Void) async {
            do {
                try await body()
                Issue.record("that should have failed")
            } catch let failure as APIFailure {
                #expect(matches(failure), "\(failure)")
            } catch {
                Issue.record("\(error)")
            }
        }

        await expect(\.isNotFound) { _ = try await scene.api.get(.configMaps, name) }
        let created = try await scene.api.create(
            .configMaps, namespace: scene.namespace, Scene.configMap("settings", ["a": "1"]))
        let version = try #require(created["metadata"]?["resourceVersion"]?.string)
        await expect(\.isConflict) {
            _ = try await scene.api.create(.configMaps, namespace: scene.namespace, Scene.configMap("settings"))
        }

        _ = try await scene.api.replace(.configMaps, name, Scene.configMap("settings", ["a": "2"], version: version))
        await expect(\.isConflict) {
            _ = try await scene.api.replace(
                .configMaps, name, Scene.configMap("settings", ["a": "3"], version: version))
        }
        let applied = try await scene.api.apply(.configMaps, name, Scene.configMap("settings", ["b": "4"]))
        #expect(applied["data"]?["b"]?.string == "4")
        let manager = "{.metadata.managedFields[?(@.operation==\"Apply\")].manager}"
        let managers = try await scene.cluster.admin.read(
            manager, of: "configmap", "settings", "--namespace", scene.namespace, "--show-managed-fields")
        #expect(managers == "countersign")

        try await scene.api.delete(.configMaps, name)
        await expect(\.isNotFound) { try await scene.api.delete(.configMaps, name) }
        await expect(\.isNotFound) {
            _ = try await scene.api.page(
                ResourceType(
                    group: "none.example", version: "v1", plural: "things", kind: "Thing", isNamespaced: false),
                .all, limit: 10, continuing: nil)
        }
        let server = try await scene.api.document(at: "/version")
        #expect(server["major"]?.string == "1")
    }

    @Test func longListsComeInPages() async throws {
        let scene = try await Scene()
        let names = (0..<7).map { "settings-\($0)" }
        for name in names {
            _ = try await scene.api.create(.configMaps, namespace: scene.namespace, Scene.configMap(name))
        }
        var found: [String] = []
        var pages = 0
        var next: String?
        repeat {
            let page = try await scene.api.page(.configMaps, scene.all, limit: 2, continuing: next)
            #expect(page.items.count <= 2)
            found += Scene.names(page.items)
            next = page.next
            pages += 1
        } while next != nil && pages < 10
        #expect(found == names)
        #expect(pages == 4)
    }

    /// What a reflector said so far, and what it therefore knows.
    private final class Story: Sendable {
        private struct State {
            var known: [String: String] = [:]
            var lists = 0
            var isStale = false
        }
        private let state = Mutex(State())

        var known: [String: String] { state.withLock { $0.known } }
        var lists: Int { state.withLock { $0.lists } }

        func take(_ observation: Observation) {
            func entry(_ object: Value) -> (String, String) {
                (ObjectName(of: object)?.name ?? "", object["data"]?["a"]?.string ?? "")
            }
            state.withLock { state in
                switch observation {
                case .replaced(let objects):
                    state.known = Dictionary(objects.map(entry)) { $1 }
                    state.lists += 1
                case .changed(let object):
                    let (name, data) = entry(object)
                    state.known[name] = data
                case .removed(let object): state.known[entry(object).0] = nil
                case .absent: state.known = [:]
                case .stale: state.isStale = true
                case .current: state.isStale = false
                }
                state.known["kube-root-ca.crt"] = nil
            }
        }
    }

    @Test func allWatchesShareOneConnection() async throws {
        let cluster = try await APIServer.shared()
        let relay = try Relay(to: [cluster.port])
        let scene = try await Scene(through: relay)
        let stories = (0..<10).map { _ in Story() }
        let tasks = stories.map { story in
            Task { await Reflector(scene.api, .configMaps, scene.all).run { story.take($0) } }
        }
        defer { for task in tasks { task.cancel() } }
        // What comes after the list comes by the watch.
        let isListed = try await eventually { stories.allSatisfy { $0.lists > 0 } }
        #expect(isListed)
        _ = try await scene.api.create(
            .configMaps, namespace: scene.namespace, Scene.configMap("settings", ["a": "1"]))
        let isSeen = try await eventually { stories.allSatisfy { $0.known == ["settings": "1"] } }
        #expect(isSeen)
        #expect(relay.connectionCount == 1)
    }

    @Test func aConnectionThatFallsSilentIsLeft() async throws {
        let cluster = try await APIServer.shared()
        let relay = try Relay(to: [cluster.port])
        let scene = try await Scene(through: relay)
        let story = Story()
        let reflector = Reflector(scene.api, .configMaps, scene.all)
        let task = Task { await reflector.run { story.take($0) } }
        defer { task.cancel() }
        let name = ObjectName("settings", namespace: scene.namespace)
        _ = try await scene.api.create(.configMaps, namespace: scene.namespace, Scene.configMap("settings", ["a": "1"]))
        let isKnown = try await eventually { story.known == ["settings": "1"] }
        #expect(isKnown)

        relay.stall()
        let beginning = ContinuousClock.now
        await #expect(throws: APIFailure.unreachable("no answer in time")) {
            _ = try await scene.api.get(.configMaps, name)
        }
        #expect(beginning.duration(to: .now) < .seconds(15))
        // The watch that shared the connection goes on, on another one, without a list.
        _ = try await scene.api.get(.configMaps, name)
        try await cluster.admin.apply(
            """
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "2"},
             "metadata": {"name": "settings", "namespace": "\(scene.namespace)"}}
            """)
        let isResumed = try await eventually { story.known == ["settings": "2"] }
        #expect(isResumed)
        #expect(story.lists == 1)
        // Two who need a new one at once may come with one each.
        #expect((2...3).contains(relay.connectionCount))
    }

    @Test func aReflectorKnowsWhatIsThereWhateverHappensToItsConnections() async throws {
        let cluster = try await APIServer.shared()
        let relay = try Relay(to: [cluster.port])
        let scene = try await Scene(through: relay)
        let story = Story()
        let reflector = Reflector(scene.api, .configMaps, scene.all)
        let task = Task { await reflector.run { story.take($0) } }
        defer { task.cancel() }
        // Beside the relay, so that it works while that is closed.
        func put(_ name: String, _ value: String) async throws {
            try await cluster.admin.apply(
                """
                {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "\(value)"},
                 "metadata": {"name": "\(name)", "namespace": "\(scene.namespace)"}}
                """)
        }
        func remove(_ name: String) async throws {
            try await cluster.admin.succeed("delete", "configmap", name, "--namespace", scene.namespace)
        }
        func expect(_ known: [String: String]) async throws {
            let isSo = try await eventually { story.known == known }
            #expect(isSo, "\(story.known)")
        }

        try await put("one", "1")
        try await expect(["one": "1"])
        try await put("one", "2")
        try await put("two", "1")
        try await expect(["one": "2", "two": "1"])
        try await remove("two")
        try await expect(["one": "2"])

        // Cut off, it goes on from where it was: nothing is listed again.
        let lists = story.lists
        relay.close()
        try await put("three", "1")
        try await remove("one")
        #expect(story.known == ["one": "2"])
        relay.open()
        try await expect(["three": "1"])
        #expect(story.lists == lists)

        // Its version too old, it lists again.
        relay.close()
        try await put("four", "1")
        try await remove("three")
        await cluster.stop()
        try await cluster.compact()
        try await cluster.start()
        relay.open()
        try await expect(["four": "1"])
        #expect(story.lists == lists + 1)
        try await put("five", "1")
        try await expect(["four": "1", "five": "1"])
    }
}

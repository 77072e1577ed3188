import HTTPClient
import HTTPServer
import JSON
import Kubernetes
import LocalCluster
import OpenSSL
import Synchronization

@testable import Cluster

/// An API server in memory, and what surrounds the controllers of certificates in it.
struct CertificateCluster {
    static let name = CertificateScene.name

    let api = LocalCluster()
    /// What the webhook configurations carry: what the last leader's registrar has written.
    let live = Latest<Set<String>?>([])

    /// Quick enough for a test; what counts is the order of things, which these do not change. The overlap is as long as
    /// a busy machine may keep a replica from noticing.
    static var schedule: CertificateSchedule {
        var schedule = CertificateSchedule()
        schedule.propagation = .milliseconds(5)
        schedule.overlap = .seconds(2)
        schedule.tick = .milliseconds(5)
        return schedule
    }

    static let pace = Pace(
        firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), absentDelay: .milliseconds(1),
        steadyTime: .milliseconds(1))

    /// Leads when it is told to.
    final class Role: Leadership {
        private let state: Latest<Bool>
        init(leads: Bool) { state = Latest(leads) }
        var isLeader: Bool { state.value }
        func changes() -> AsyncStream<Bool> { state.values() }
        func lead(_ leads: Bool) { state.set(leads) }
    }

    /// What a replica reported.
    final class Reports: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ event: CertificateEvent) { texts.withLock { $0.append("\(event)") } }
    }

    /// Calls that were made, and what went wrong with some.
    final class Calls: Sendable {
        private let state = Mutex((count: 0, failures: [String]()))
        var count: Int { state.withLock { $0.count } }
        var failures: [String] { state.withLock { $0.failures } }
        func add() { state.withLock { $0.count += 1 } }
        func fail(_ reason: String) { state.withLock { $0.failures.append(reason) } }
    }

    struct Replica {
        let role: Role
        let reports: Reports
        let controller: CertificateController
        let tasks: [Task<Void, Never>]

        func stop() async {
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
        }
    }

    func replica(leads: Bool, now: (@Sendable () -> Int)? = nil) -> Replica {
        let (role, reports) = (Role(leads: leads), Reports())
        let installation = Installation(webhookURL: "https://127.0.0.1:8443")
        let controller =
            if let now {
                CertificateController(
                    api, installation, leadership: role, carried: live, schedule: Self.schedule, pace: Self.pace,
                    now: now, report: reports.add)
            } else {
                CertificateController(
                    api, installation, leadership: role, carried: live, schedule: Self.schedule, pace: Self.pace,
                    report: reports.add)
            }
        let tasks = [
            Task { await controller.run() },
            Task { [live] in
                for await bundle in controller.bundle.values() {
                    if let bundle { live.set([bundle]) }
                }
            },
        ]
        return Replica(role: role, reports: reports, controller: controller, tasks: tasks)
    }

    var secret: Value? { api.object(.secrets, Self.name) }
    var state: CertificateState { secret.map { CertificateSecret.state(of: $0) } ?? .missing }

    func annotate() throws {
        guard let secret else { return }
        var writer = Writer()
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.key("name")
        writer.string(Self.name.name)
        writer.key("namespace")
        writer.string(Self.name.namespace ?? "")
        writer.key("annotations")
        writer.raw(Array(#"{"countersign.dev/rotate":""}"#.utf8))
        writer.endObject()
        for key in ["type", "data"] {
            guard let value = secret[key] else { continue }
            writer.key(key)
            writer.value(value)
        }
        writer.endObject()
        try api.put(.secrets, writer.text)
    }
}

/// A server as the API server meets it, and the API server.
struct Webhook {
    private struct Yes: Service {
        func handle(
            _ head: RequestHead, body: Span<UInt8>, respond: inout HTTPServer.Response, later: () -> Reply
        ) -> Disposition {
            respond = HTTPServer.Response(status: 200, text: "yes")
            return .answered
        }
    }

    let server: Server
    private let client: HTTPClient

    init(_ serving: ServingCertificate) throws {
        server = try Server(Server.Configuration(tls: serving.context), service: Yes())
        server.start()
        client = try HTTPClient(.init())
    }

    func follow(_ controller: CertificateController) -> Task<Void, Never> {
        Task { [server] in
            for await serving in controller.serving.values() {
                if let serving { server.replaceTLS(serving.context) }
            }
        }
    }

    /// Calls by the name of the service, trusting `bundle` and nothing else, on a connection of its own.
    func call(trusting bundle: String, as host: String = "countersign.countersign.svc") async throws -> Int {
        var request = HTTPClient.Request(
            url: "https://\(host)/mutate", headers: [(name: "Connection", value: "close")],
            maximumResponseBytes: 1000, deadline: .now + .seconds(20))
        request.onlyAuthorities = bundle
        request.connectTo = "127.0.0.1:\(server.port)"
        return try await client.send(request).status
    }

    func stop() {
        server.stop()
        client.close()
    }
}

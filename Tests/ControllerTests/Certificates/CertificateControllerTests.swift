import HTTPClient
import JSON
import Kubernetes
import LocalCluster
import OpenSSL
import Testing

@testable import Cluster

@Suite("The controller of certificates")
struct CertificateControllerTests {
    private let cluster = CertificateCluster()

    private func serving(_ replicas: CertificateCluster.Replica...) async -> Bool {
        await eventually {
            guard case .steady(let book) = cluster.state, book.retired.isEmpty else { return false }
            return replicas.allSatisfy { $0.controller.serving.value?.certificate == book.pair.certificate }
        }
    }

    @Test("The leader makes the Secret, the others serve with it, and nothing more is written")
    func bootstrap() async throws {
        let follower = cluster.replica(leads: false)
        #expect(await eventually { !cluster.api.requests.isEmpty })
        #expect(follower.controller.serving.value == nil)
        let leader = cluster.replica(leads: true)
        #expect(await serving(leader, follower))
        #expect(await leader.controller.firstServing() != nil)
        let secret = try #require(cluster.secret)
        #expect(secret["type"]?.string == "kubernetes.io/tls")
        let book = try #require(cluster.state.book)
        #expect(leader.controller.bundle.value == book.issuer.pem)
        #expect(follower.controller.bundle.value == nil, "who does not lead has nothing to say to the webhooks")
        for host in ["countersign.countersign.svc", "127.0.0.1"] {
            #expect(book.pair.certificate.isFor(host: host))
        }
        cluster.api.cutWatches()
        try await Task.sleep(for: .milliseconds(40))
        #expect(cluster.api.writes.map(\.verb) == ["create"])
        await leader.stop()
        await follower.stop()
    }

    @Test("Twenty rotations are forced under load, and no call fails")
    func twentyRotations() async throws {
        let (leader, follower) = (cluster.replica(leads: true), cluster.replica(leads: false))
        #expect(await serving(leader, follower))
        var webhooks: [Webhook] = []
        var tasks: [Task<Void, Never>] = []
        for replica in [leader, follower] {
            let webhook = try Webhook(try #require(replica.controller.serving.value))
            webhooks.append(webhook)
            tasks.append(webhook.follow(replica.controller))
        }
        let calls = CertificateCluster.Calls()
        let isOver = Latest(false)
        let load = webhooks.map { webhook in
            Task { [live = cluster.live] in
                while !isOver.value {
                    guard let bundle = live.value?.first else { continue }
                    do {
                        let status = try await webhook.call(trusting: bundle)
                        if status != 200 { calls.fail("\(status)") }
                    } catch {
                        // What was read a while ago is not what API servers trust by now.
                        if live.value == [bundle] { calls.fail("\(error)") }
                    }
                    calls.add()
                }
            }
        }
        for round in 0..<20 {
            let before = cluster.state.book?.issuer
            if round % 4 == 3 { cluster.api.remove(.secrets, CertificateCluster.name) } else { try cluster.annotate() }
            #expect(await eventually { cluster.state.book.map { $0.issuer != before } ?? false }, "\(round)")
            if round == 10 {
                leader.role.lead(false)
                follower.role.lead(true)
            }
        }
        #expect(await serving(leader, follower))
        isOver.set(true)
        for task in load { await task.value }
        #expect(calls.failures.isEmpty)
        #expect(calls.count > 0)
        // The last of it is what the name says: only the last authority is trusted, and only by the right name.
        let book = try #require(cluster.state.book)
        #expect(await eventually { cluster.live.value == [book.issuer.pem] })
        for webhook in webhooks {
            #expect(try await webhook.call(trusting: book.issuer.pem) == 200)
            await #expect(throws: HTTPClient.Failure.self) {
                try await webhook.call(trusting: CertificateScene.book().issuer.pem)
            }
            await #expect(throws: HTTPClient.Failure.self) {
                try await webhook.call(trusting: book.issuer.pem, as: "evil.example")
            }
        }
        for task in tasks { task.cancel() }
        await leader.stop()
        await follower.stop()
        for webhook in webhooks { webhook.stop() }
    }

    @Test("A rotation waits for webhook configurations that do not carry it")
    func patience() async throws {
        let leader = cluster.replica(leads: true)
        #expect(await serving(leader))
        let before = try #require(cluster.state.book)
        // Somebody else writes them, and is slow.
        for task in leader.tasks.dropFirst() { task.cancel() }
        cluster.live.set([before.issuer.pem, ""])
        try cluster.annotate()
        #expect(await eventually { cluster.state.book?.next != nil })
        let bundle = try #require(cluster.state.book).bundle
        for carried in [nil, [before.issuer.pem], [CertificateSecret.pem(bundle), ""]] as [Set<String>?] {
            cluster.live.set(carried)
            try await Task.sleep(for: .milliseconds(20))
            #expect(leader.controller.serving.value?.certificate == before.pair.certificate)
        }
        cluster.live.set([CertificateSecret.pem(bundle)])
        #expect(await eventually { leader.controller.serving.value?.certificate.isIssued(by: bundle[1]) == true })
        await leader.stop()
    }

    @Test("What is damaged is mended with what is served with, and what is empty is filled")
    func repair() async throws {
        try cluster.api.put(
            .secrets, #"{"metadata":{"name":"countersign-tls","namespace":"countersign"},"type":"Opaque"}"#)
        let leader = cluster.replica(leads: true)
        #expect(await serving(leader))
        #expect(cluster.secret?["type"]?.string == "Opaque")
        let book = try #require(cluster.state.book)
        for key in ["tls.crt", "tls.key", "ca.crt"] {
            try cluster.api.put(.secrets, CertificateScene.secret(book, key, "no PEM").description)
            #expect(await eventually { cluster.state.book?.pair == book.pair })
        }
        #expect(leader.controller.serving.value?.certificate == book.pair.certificate)
        #expect(leader.reports.all.contains { $0.contains("cannot be used: tls.key is no private key") })
        #expect(!leader.reports.all.contains { $0.contains("PRIVATE") })
        await leader.stop()
    }

    @Test("A write that fails is said once and tried again")
    func failures() async throws {
        cluster.api.fail { request in
            guard request.isWrite else { return nil }
            return .status(403, reason: "Forbidden", message: "secrets is forbidden")
        }
        let leader = cluster.replica(leads: true)
        #expect(await eventually { cluster.api.writes.count > 2 })
        #expect(leader.reports.all.filter { $0.hasSuffix("secrets is forbidden") }.count == 1)
        #expect(leader.controller.serving.value == nil)
        cluster.api.fail(nil)
        #expect(await serving(leader))
        await leader.stop()
    }

    @Test("A new leader reads the Secret before it has a say in what is trusted")
    func newLeader() async throws {
        let (first, second) = (cluster.replica(leads: true), cluster.replica(leads: false))
        #expect(await serving(first, second))
        // The second cannot read now.
        cluster.api.fail { request in
            request.verb == "get" ? .status(503, reason: "ServiceUnavailable", message: "not now") : nil
        }
        first.role.lead(false)
        #expect(await eventually { first.controller.bundle.value == nil })
        second.role.lead(true)
        #expect(await eventually { second.reports.all.contains { $0.hasSuffix("not now") } })
        #expect(second.controller.bundle.value == nil)
        cluster.api.fail(nil)
        #expect(await eventually { second.controller.bundle.value == cluster.state.book?.issuer.pem })
        await first.stop()
        await second.stop()
    }

    @Test("Two that both believe they lead end with one Secret")
    func twoLeaders() async throws {
        let replicas = (0..<3).map { _ in cluster.replica(leads: true) }
        #expect(await serving(replicas[0], replicas[1], replicas[2]))
        for _ in 0..<5 {
            let before = cluster.state.book?.issuer
            try cluster.annotate()
            #expect(await eventually { cluster.state.book?.issuer != before })
        }
        #expect(await serving(replicas[0], replicas[1], replicas[2]))
        for replica in replicas { await replica.stop() }
    }

    @Test("What expires is followed in time")
    func expiry() async throws {
        let days = Latest(0)
        let leader = cluster.replica(leads: true) { CertificateScene.start + days.value * CertificateScene.day }
        // The server's clock is the machine's, which these dates have to do with only while they are near it.
        #expect(await eventually { cluster.state.book != nil })
        let first = try #require(cluster.state.book)
        days.set(61)
        #expect(await eventually { cluster.state.book?.pair != first.pair })
        #expect(cluster.state.book?.issuer == first.issuer)
        await leader.stop()
    }
}

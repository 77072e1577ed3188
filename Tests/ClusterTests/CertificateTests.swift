import Foundation
import Testing

@testable import TestSupport

/// The certificates and the webhook configurations that the server keeps in place.
@Suite(.needsCluster) struct CertificateTests {
    @Test func noCallFailsWhileCertificatesAreRotated() async throws {
        let stage = try await Stage.set()
        // Two behind one address, where each new `caBundle` makes a new connection: one rotates, and the other follows.
        let ports = [try FreePort.find(), try FreePort.find()]
        let service = try Relay(to: ports)
        var replicas: [Replica] = []
        for (name, port) in zip(["countersign-a", "countersign-b"], ports) {
            replicas.append(
                try await Replica.start(name, in: stage.cluster, port: port, webhookPort: service.port))
        }
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        let load = Load(stage)
        var seen: Set<String> = [try await replicas[0].fingerprint()]
        try await load.during {
            for rotation in 1...20 {
                try await stage.admin.succeed(
                    "annotate", "secret", "countersign-tls", "countersign.dev/rotate=\(rotation)", "--overwrite",
                    "--namespace", APIServer.ourNamespace)
                let isRotated = try await eventually(within: .seconds(30)) {
                    // Both serve with the same certificate, and it is a new one.
                    let now = [try await replicas[0].fingerprint(), try await replicas[1].fingerprint()]
                    return now[0] == now[1] && !now[0].isEmpty && !seen.contains(now[0])
                }
                #expect(isRotated, "rotation \(rotation)\n\(replicas.map { $0.log.suffix(2000) })")
                guard isRotated else { break }
                seen.insert(try await replicas[0].fingerprint())
            }
        }
        #expect(load.failures.isEmpty)
        #expect(seen.count == 21)
        print("  20 rotations under \(load.calls) calls")
        try stage.expectNothingForbidden()
    }

    @Test(arguments: ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"])
    func whatSomebodyDoesToTheWebhooksIsUndone(kind: String) async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        try await stage.takes("it is registered after") { try await stage.admin.has(kind, "countersign") }
        func webhooks() async throws -> String { try await stage.admin.read("{.webhooks}", of: kind, "countersign") }
        let good = try await webhooks()

        try await stage.admin.succeed("delete", kind, "countersign")
        try await stage.takes("deleted, it is back after") { try await webhooks() == good }

        for (what, patch) in [
            ("switched off", #"[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]"#),
            (
                "pointed elsewhere",
                #"[{"op":"replace","path":"/webhooks/0/clientConfig/url","value":"https://127.0.0.1:1/x"}]"#
            ),
            ("narrowed", #"[{"op":"replace","path":"/webhooks/0/rules/0/operations","value":["CREATE"]}]"#),
            ("told to trust nobody", #"[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]"#),
            ("emptied", #"[{"op":"replace","path":"/webhooks","value":[]}]"#),
            (
                "selecting nothing",
                #"[{"op":"replace","path":"/webhooks/0/objectSelector","value":{"matchLabels":{"no":"pod"}}}]"#
            ),
        ] {
            try await stage.admin.succeed("patch", kind, "countersign", "--type=json", "-p", patch)
            try await stage.takes("\(what), it is mended after") { try await webhooks() == good }
        }
        #expect(try await stage.admission(of: "unsigned") == .denied, "\(replica.log.suffix(2000))")
        try stage.expectNothingForbidden()
    }

    @Test func aDeletedSecretIsMadeAgain() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        let secret = ["secret", "countersign-tls", "--namespace", APIServer.ourNamespace]
        try await stage.admin.succeed(["delete"] + secret)
        try await stage.takes("the Secret is back after", within: .seconds(30)) {
            try await !stage.admin.succeed(["get", "--ignore-not-found", "-o", "name"] + secret).isEmpty
        }
        for _ in 0..<20 {
            #expect(try await stage.admission(of: "unsigned") == .denied, "\(replica.log.suffix(2000))")
            try await Task.sleep(for: .milliseconds(200))
        }
        try stage.expectNothingForbidden()
    }

    @Test func uninstalledNothingOfItIsInTheWay() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        for _ in 0..<2 {  // The second time there is nothing left to do, which is no failure.
            let result = try await Command.run(
                Parts.countersign,
                [
                    "uninstall", "--kubeconfig", replica.folder.path + "/kubeconfig", "--namespace",
                    APIServer.ourNamespace,
                ],
                in: replica.folder)
            #expect(result.status == 0, "\(result)")
        }
        // The server still runs, and leaves it at that.
        for _ in 0..<5 {
            for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
                for name in ["countersign", "countersign-policies"] {
                    #expect(try await !stage.admin.has(kind, name))
                }
            }
            try await Task.sleep(for: .seconds(1))
        }
        #expect(try await stage.admission(of: "unsigned") == .admitted)
        try stage.expectNothingForbidden()
    }
}

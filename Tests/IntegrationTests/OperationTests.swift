import Foundation
import Testing

@testable import TestSupport

/// What an operator does to a running gate.
@Suite(.needsParts) struct OperationTests {
    @Test func aChangedPolicyIsTakenAndABadOneIsNot() async throws {
        let world = try await World.shared()
        let glob = "\(world.registry.host)/\(World.repository):*"
        let gate = try await Gate.start(policies: ["images.yaml": Policies.legacy(glob, key: world.otherKey.publicPEM)])
        func isAllowed() async throws -> Bool { try await gate.review(Review(world.image("signed2"))).allowed }
        #expect(try await !isAllowed())

        try gate.folder.write(Policies.legacy(glob, key: world.key.publicPEM), to: "policies/images.yaml")
        #expect(try await eventually { try await isAllowed() }, "\(gate.log)")

        // A set that does not load whole changes nothing, and is reported.
        try gate.folder.write(Policies.legacy("x.example/*", key: "not a key"), to: "policies/broken.yaml")
        #expect(try await eventually { gate.log.contains("broken.yaml") }, "\(gate.log)")
        #expect(try await isAllowed())
        #expect(try await !gate.review(Review(world.image("other2"))).allowed)

        // Mended, the folder counts again.
        try gate.folder.write(
            Policies.legacy(glob, key: world.otherKey.publicPEM, name: "second"), to: "policies/broken.yaml")
        #expect(try await eventually { try await !isAllowed() }, "\(gate.log)")
    }

    @Test func aNewCertificateIsServedWithoutDroppingAConnection() async throws {
        let world = try await World.shared()
        let glob = "\(world.registry.host)/\(World.repository):*"
        let gate = try await Gate.start(policies: ["images.yaml": Policies.legacy(glob, key: world.key.publicPEM)])
        let folder = try TemporaryFolder("kept")

        // One connection asks before the change, waits for a file, and asks again.
        let script = #"""
            { printf 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'
              until [ -e "$2" ]; do sleep 0.1; done
              printf 'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'; sleep 5
            } | "$0" s_client -quiet -connect "127.0.0.1:$1"
            """#
        let kept = try Child(
            "/bin/bash", ["-c", script, Parts.openssl, "\(gate.port)", folder.path + "/go-on"], in: folder)
        #expect(try await eventually { kept.output.contains("HTTP/1.1 200 ") }, "\(kept.errors)")

        let before = try await Self.fingerprint(gate)
        try await gate.replaceCertificate()
        #expect(try await eventually { try await Self.fingerprint(gate) != before }, "\(gate.log)")
        // Clients that trust the new certificate alone are served with it.
        #expect(try await gate.send("GET", "/readyz").status == 200)

        try folder.write("", to: "go-on")
        #expect(try await eventually { kept.output.split(separator: "HTTP/1.1 200 ").count == 2 }, "\(kept.output)")
    }

    @Test func aTerminatedGateDrainsAndEndsWell() async throws {
        let world = try await World.shared()
        let gate = try await Gate.start(policies: [
            "images.yaml": Policies.legacy("\(world.registry.host)/*", key: world.key.publicPEM)
        ])
        #expect(try await gate.review(Review(world.image("signed2"))).allowed)
        gate.process.signal(SIGTERM)
        #expect(await gate.process.end(within: .seconds(10)) == 0, "\(gate.log)")
    }

    @Test func theSamplesOfOneReviewAreThere() async throws {
        let world = try await World.shared()
        let gate = try await Gate.start(policies: [
            "images.yaml": Policies.legacy("\(world.registry.host)/*", key: world.key.publicPEM)
        ])
        _ = try await gate.review(Review(world.image("signed2")))
        _ = try await gate.review(Review(world.image("unsigned")))
        let answer = try await gate.send("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
        for subject in ["review", "registry_request", "cache", "polic", "certificate"] {
            #expect(answer.text.contains("countersign_") && answer.text.contains(subject), "\(subject): \(answer.text)")
        }
        for path in ["/livez", "/readyz"] { #expect(try await gate.send("GET", path).status == 200) }
    }

    @Test func everyDecisionIsALineOfTheLog() async throws {
        let world = try await World.shared()
        let gate = try await Gate.start(
            policies: ["images.yaml": Policies.legacy("\(world.registry.host)/*", key: world.key.publicPEM)],
            flags: ["--log-format", "json"])
        let review = Review(world.image("unsigned"))
        _ = try await gate.review(review)
        #expect(try await eventually { gate.log.contains(review.uid) }, "\(gate.log)")
        let line = gate.log.split(separator: "\n").first { $0.contains(review.uid) } ?? ""
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object != nil, "\(line)")
        for part in ["Pod", "test", "web", "check-image", world.image("unsigned"), "signature not found"] {
            #expect(line.contains(part) || line.replacing("\\/", with: "/").contains(part), "\(part) in \(line)")
        }
    }

    @Test func withoutACertificateItMakesOneAndSaysSo() async throws {
        let folder = try TemporaryFolder("own-certificate")
        try FileManager.default.createDirectory(atPath: folder.path + "/policies", withIntermediateDirectories: true)
        let port = try FreePort.find()
        let process = try Child(
            Parts.countersign, ["serve", "--listen", "127.0.0.1:\(port)", "--policies", folder.path + "/policies"],
            in: folder)
        let curl = Curl(folder: folder)
        let isReady = try await eventually {
            try await curl.send("GET", "https://localhost:\(port)/readyz", options: ["--insecure"]).status == 200
        }
        #expect(isReady, "\(process.errors)")
        #expect((process.errors + process.output).contains("self-signed"))
    }

    @Test func theDemoEndsWell() async throws {
        let folder = try TemporaryFolder("demo")
        let result = try await Command.run(Parts.countersign, ["demo", "--once"], in: folder)
        #expect(result.status == 0, "\(result)")
        for cause in ["signature not found", "signature mismatch", "digest mismatch"] {
            #expect(result.output.contains(cause), "\(result)")
        }
    }

    private static func fingerprint(_ gate: Gate) async throws -> String {
        let folder = try TemporaryFolder("fingerprint")
        let script = #""$0" s_client -connect "127.0.0.1:$1" </dev/null 2>/dev/null | "$0" x509 -noout -fingerprint"#
        return try await Command.succeed("/bin/bash", ["-c", script, Parts.openssl, "\(gate.port)"], in: folder)
    }
}

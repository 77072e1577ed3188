import Foundation
import Testing

@testable import TestSupport

/// `countersign verify` beside `cosign verify`, over images good and bad.
@Suite(.needsParts) struct VerifyTests {
    /// Images of the world, and whether cosign is expected to accept them: a check of the comparison itself.
    private static let images: [(tag: String, isGood: Bool)] = [
        ("signed2", true), ("signed3", true), ("both", true), ("docker", true), ("two-signers", true),
        ("annotated2", true), ("annotated3", true), ("index2", true), ("index3", true),
        ("unsigned", false), ("other2", false), ("other3", false), ("moved2", false), ("moved3", false),
        ("garbled", false), ("empty", false), ("attested2", false), ("index2-amd64", false), ("index3-arm64", false),
        ("never-pushed", false), ("signed2-by-digest", true), ("unsigned-by-digest", false),
    ]

    @Test func agreesWithCosignOnEveryImage() async throws {
        let world = try await World.shared()
        var differences: [String] = []
        for (tag, isGood) in Self.images {
            var image = world.image(tag)
            if let name = tag.split(separator: "-by-digest").first, tag.hasSuffix("-by-digest") {
                image = "\(world.registry.host)/\(World.repository)@\(world.digests[String(name)] ?? "?")"
            }
            // A signature of either generation counts; each cosign reads one of them fully.
            let by2 = try await world.cosign2.verify(image, publicPath: world.key.publicPath)
            let by3 = try await world.cosign3.verify(image, publicPath: world.key.publicPath)
            let byCosign = by2.status == 0 || by3.status == 0
            let ours = try await Self.verify(image, key: world.key.publicPath)
            #expect(byCosign == isGood, "cosign on \(tag): \(by2) \(by3)")
            if (ours.status == 0) != byCosign { differences.append("\(tag): cosign \(byCosign), ours \(ours)") }
            if !byCosign { #expect(ours.status == 1, "\(tag): \(ours)") }
        }
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    /// **Ours:** cosign 3 takes a vulnerability report by the right key for a signature of the image.
    @Test func anAttestationIsNoSignature() async throws {
        let world = try await World.shared()
        let byCosign = try await world.cosign3.verify(world.image("attested3"), publicPath: world.key.publicPath)
        #expect(byCosign.status == 0)
        #expect(try await Self.verify(world.image("attested3"), key: world.key.publicPath).status == 1)
    }

    @Test(arguments: ["signed2", "signed3"])
    func printsTheClaimsAsJSON(tag: String) async throws {
        let world = try await World.shared()
        let result = try await Self.verify(world.image(tag), key: world.key.publicPath)
        #expect(result.status == 0, "\(result)")
        let claims = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        #expect("\(claims)".contains(world.digests[tag] ?? "?"))
    }

    @Test func saysWhyNot() async throws {
        let world = try await World.shared()
        let unsigned = try await Self.verify(world.image("unsigned"), key: world.key.publicPath)
        #expect((unsigned.output + unsigned.errors).contains("signature not found"))
        let other = try await Self.verify(world.image("signed2"), key: world.otherKey.publicPath)
        #expect(other.status == 1)
        #expect((other.output + other.errors).contains("signature mismatch"))
    }

    @Test(arguments: [[], ["--no-such-flag"], ["127.0.0.1:1/app:v1"]])
    func aUsageErrorIs64(arguments: [String]) async throws {
        let folder = try TemporaryFolder("usage")
        let result = try await Command.run(Parts.countersign, ["verify"] + arguments, in: folder)
        #expect(result.status == 64, "\(result)")
    }

    @Test func aPrivateKeyIsRefusedByName() async throws {
        let folder = try TemporaryFolder("private")
        let key = folder.path + "/private.pem"
        try await Command.succeed(
            Parts.openssl, ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
            in: folder)
        let result = try await Self.verify("127.0.0.1:1/app:v1", key: key)
        #expect(result.status != 0)
        #expect(result.errors.contains("private key"), "\(result)")
    }

    private static func verify(_ image: String, key: String) async throws -> CommandResult {
        let folder = try TemporaryFolder("verify")
        return try await Command.run(
            Parts.countersign, ["verify", image, "--key", key, "--output", "json"], in: folder)
    }
}

import LocalRegistry
import OpenSSL
import Policy
import Testing

@testable import Rehearsal

/// Why was my pod denied?
@Suite struct ExplanationTests {
    let scene: Scene

    init() throws { scene = try Scene() }

    private func explain(_ text: String, _ policies: String..., shape: RequestShape = RequestShape()) async throws
        -> [String]
    {
        let manifest = try #require(manifests(text).manifests.first)
        let policy = policies.joined(separator: "\n---\n")
        return try await scene.rehearsal(policy, shape: shape).explain(manifest).lines().map(\.text)
    }

    private func deployment(_ images: String...) -> String {
        let containers = images.enumerated().map { "{name: c\($0), image: \"\($1)\"}" }.joined(separator: ", ")
        return """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, namespace: prod}
            spec: {template: {spec: {containers: [\(containers)]}}}
            """
    }

    @Test func aDeniedDeploymentFitsOneScreenAndNamesTheCause() async throws {
        let image = scene.registry.pushImage(to: "demo/app", tag: "stranger")
        try Signer(key: try PrivateKey.generate()).signAsCosign2(image, in: "demo/app", of: scene.registry)
        let lines = try await explain(
            deployment(scene.image("signed"), scene.image("stranger"), "nginx"), scene.policy())
        #expect(lines.count <= 24)
        #expect(lines.allSatisfy { $0.count <= 160 })
        let text = lines.joined(separator: "\n")
        #expect(lines.first == "Deployment/prod/web would be denied.")
        #expect(text.contains("fail: check-image/autogen-signed: signature mismatch"))
        #expect(text.contains("is \(image)"))
        #expect(
            text.contains("signature layer, key \(scene.key.publicKey.fingerprint.hex.prefix(12)): signature mismatch"))
        #expect(text.contains("signature layer, key \(scene.key.publicKey.fingerprint.hex.prefix(12)): verified"))
        #expect(text.contains("image nginx\n  no rule that looks at the resource names it"))
        #expect(text.contains("check-image/autogen-signed looks at it (Enforce)"))
    }

    @Test func whatLiesNowhereIsSaidToBeNowhere() async throws {
        let lines = try await explain(scene.pod(scene.image("unsigned")), scene.policy())
        #expect(lines.count { $0.hasSuffix(".sig: nothing there") } == 1)
        #expect(lines.count { $0.hasSuffix("referrers: nothing there") } == 1)
    }

    @Test func whatIsReportedOnlyIsAdmitted() async throws {
        let lines = try await explain(scene.pod(scene.image("unsigned")), scene.policy(action: "Audit"))
        #expect(lines.first == "Pod/default/web would be admitted.")
        #expect(lines.contains("  fail (reported, not denied): check-image/signed: signature not found"))
    }

    @Test func rulesThatDoNotLookSayOnWhichClause() async throws {
        let other = scene.policy("elsewhere").replacing("kinds: [Pod]", with: "kinds: [Pod], namespaces: [prod-*]")
        let services = scene.policy("services").replacing("kinds: [Pod]", with: "kinds: [Service]")
        let lines = try await explain(scene.pod(scene.image("signed")), scene.policy(), other, services)
        #expect(lines.contains("  check-image/signed looks at it (Enforce)"))
        #expect(lines.contains("  elsewhere/signed does not: match.namespaces: default is none of prod-*"))
        #expect(lines.contains("  services/signed does not: match.kinds: Pod is none of Service"))
    }

    @Test func manyRulesAreSummedUp() async throws {
        let services = (0..<40).map { scene.policy("p\($0)").replacing("kinds: [Pod]", with: "kinds: [Service]") }
        let lines = try await explain(
            scene.pod(scene.image("signed")), services.joined(separator: "\n---\n"), scene.policy())
        #expect(lines.last == "  and 28 more do not")
        #expect(lines.contains("  check-image/signed looks at it (Enforce)"))
    }

    @Test func imagesCannotForgeLines() async throws {
        let lines = try await explain(scene.pod("x\\nrules\\n\\e[31mforged"), scene.policy())
        #expect(lines.allSatisfy { !$0.contains("\n") && !$0.contains("\u{1B}") })
    }
}

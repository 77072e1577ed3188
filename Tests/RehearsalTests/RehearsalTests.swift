import JSON
import Policy
import Testing

@testable import Rehearsal

/// What would happen to manifests, against a registry on loopback.
@Suite struct RehearsalTests {
    let scene: Scene

    init() throws { scene = try Scene() }

    @Test func aSignedImageIsPinned() async throws {
        let report = try await scene.rehearsal(scene.policy()).run(
            manifests(scene.pod(scene.image("signed"))).manifests)
        let row = try #require(report.rows.first)
        #expect(report.rows.count == 1)
        #expect(row.resource == "Pod/default/web")
        #expect((row.policy, row.rule) == ("check-image", "signed"))
        #expect((row.image, row.result, row.message) == (scene.image("signed"), .pass, ""))
        let digest = try #require(row.digest)
        #expect(row.pinned == "\(scene.image("signed"))@\(digest)")
        #expect(row.patch.map(\.path.description) == ["/spec/containers/0/image"])
        #expect(report.denials.isEmpty)
    }

    @Test func anUnsignedImageIsDenied() async throws {
        let pod = scene.pod(scene.image("signed"), scene.image("unsigned"))
        let report = try await scene.rehearsal(scene.policy()).run(manifests(pod).manifests)
        #expect(report.rows.map(\.result) == [.pass, .fail])
        #expect(report.rows.map(\.denies) == [false, true])
        #expect(
            report.rows.last?.message
                == "image verification failed for \(scene.image("unsigned")): signature not found")
        #expect(report.denials.map(\.resource) == ["Pod/default/web"])
        #expect(report.denials.first?.message.contains("Pod/default/web was blocked") == true)
    }

    @Test func auditFailsAndDoesNotDeny() async throws {
        let pod = manifests(scene.pod(scene.image("unsigned")))
        let report = try await scene.rehearsal(scene.policy(action: "Audit")).run(pod.manifests)
        // One row, although mutate and validate both say it.
        #expect(report.rows.map(\.result) == [.fail])
        #expect(report.rows.map(\.denies) == [false])
        #expect(report.denials.isEmpty)
    }

    @Test func oneRowForEachPolicyRuleAndImage() async throws {
        let text = scene.pod(scene.image("signed"), scene.image("signed"), "other.example/x:1")
        let report = try await scene.rehearsal(scene.policy("a"), scene.policy("b")).run(manifests(text).manifests)
        #expect(report.rows.map(\.policy) == ["a", "b"])
        #expect(report.rows.map(\.image) == [scene.image("signed"), scene.image("signed")])
        #expect(report.rows.map(\.patch.count) == [2, 2])
    }

    @Test func aRuleWithoutImagesGivesARowWithoutImage() async throws {
        let report = try await scene.rehearsal(scene.policy()).run(
            manifests(scene.pod("other.example/x:1")).manifests)
        #expect(report.rows.map(\.image) == [nil])
        #expect(report.rows.map(\.result) == [.skip])
    }

    @Test func aRuleThatDoesNotLookGivesNoRow() async throws {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
        let report = try await scene.rehearsal(scene.policy()).run(manifests(service).manifests)
        #expect(report.rows.isEmpty)
    }

    @Test func validateLooksAtThePatchedObject() async throws {
        // An entry that never pins asks for a digest that nobody wrote: mutate lets it through, validate does not.
        let policy = scene.policy(entry: "mutateDigest: false")
        let pod = manifests(scene.pod(scene.image("signed")))
        let report = try await scene.rehearsal(policy).run(pod.manifests)
        #expect(report.rows.map(\.message) == ["missing digest for \(scene.image("signed"))"])
        #expect(report.rows.map(\.denies) == [true])
    }

    @Test func skippedImagesAreToldSo() async throws {
        let policy = scene.policy(entry: "skipImageReferences: [\"*:unsigned\"]")
        let pod = manifests(scene.pod(scene.image("unsigned")))
        let report = try await scene.rehearsal(policy).run(pod.manifests)
        #expect(report.rows.map(\.result) == [.skip])
        #expect(report.rows.map(\.image) == [scene.image("unsigned")])
    }

    @Test func whatIsDeletedIsNotLookedAt() async throws {
        let shape = RequestShape(operation: .delete)
        let pod = manifests(scene.pod(scene.image("unsigned")))
        let report = try await scene.rehearsal(scene.policy(), shape: shape).run(pod.manifests)
        #expect(report.rows.isEmpty)
    }

    @Test func whatIsBeingDeletedMayLoseItsFinalizers() async throws {
        let old = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: default, deletionTimestamp: "2026-01-01T00:00:00Z"}
            """
        let pod = manifests(scene.pod(scene.image("unsigned")))
        for (objects, isDenied) in [(manifests(old).manifests, false), ([], true)] {
            let shape = RequestShape(operation: .update, oldObjects: objects)
            let report = try await scene.rehearsal(scene.policy(), shape: shape).run(pod.manifests)
            #expect(report.denials.isEmpty != isDenied)
        }
    }

    @Test func resourcesKeepTheirOrder() async throws {
        let names = (0..<30).map { "pod-\($0)" }
        let pods = names.map { scene.pod(scene.image("signed"), name: $0) }.joined(separator: "---\n")
        let report = try await scene.rehearsal(scene.policy()).run(manifests(pods).manifests)
        #expect(report.rows.map(\.name) == names)
    }

    @Test func deploymentsAreLookedAtByAutogen() async throws {
        let deployment = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, namespace: prod}
            spec: {template: {spec: {containers: [{name: a, image: "\(scene.image("unsigned"))"}]}}}
            """
        let report = try await scene.rehearsal(scene.policy()).run(manifests(deployment).manifests)
        #expect(report.rows.map(\.rule) == ["autogen-signed"])
        #expect(report.denials.map(\.resource) == ["Deployment/prod/web"])
    }
}

import Foundation
import OCI
import Testing

@testable import Policy

/// The policies in policies/ work, and mean what they say at their top.
@Suite struct SamplePoliciesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "policies").path

    private static var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test(arguments: files) func loads(file: String) throws {
        let result = PolicyLoader.load(paths: [Self.folder + "/" + file])
        #expect(result.problems == [])
        #expect(result.notes == [])
        #expect(try #require(result.snapshot).policies.isEmpty == false)
    }

    @Test func allLoadTogether() throws {
        let result = PolicyLoader.load(paths: [Self.folder])
        #expect(result.problems == [])
        #expect(try #require(result.snapshot).policies.count == Self.files.count + 1)
    }

    @Test func theReadmeListsEach() throws {
        let readme = try String(contentsOfFile: Self.folder + "/README.md", encoding: .utf8)
        #expect(Self.files.count >= 8)
        for file in Self.files { #expect(readme.contains("[\(file)](\(file))")) }
    }

    @Test(arguments: files) func saysWhatItAdmitsAndDenies(file: String) throws {
        let text = try String(contentsOfFile: Self.folder + "/" + file, encoding: .utf8)
        for word in ["# Admits: ", "# Denies: ", "# Leaves alone: "] { #expect(text.contains(word)) }
    }

    private func rules(_ file: String, namespace: String = "prod", kind: String = "Pod") throws -> [ImageRule] {
        let snapshot = try #require(PolicyLoader.load(paths: [Self.folder + "/" + file]).snapshot)
        let request = ResourceAttributes(operation: .create, kind: kind, namespace: namespace, name: "a")
        return snapshot.applicableRules(to: request).map(\.rule)
    }

    /// A file, an image, and how the file's first entry takes it.
    static let images: [(file: String, image: String, selection: ImageEntry.Selection)] = [
        ("one-key.yaml", "ghcr.io/example/apps/web:v1", .matches), ("one-key.yaml", "nginx", .no),
        ("legacy-spelling.yaml", "ghcr.io/example/legacy/ubi-minimal:v1", .matches),
        ("skip-image-references.yaml", "registry.example.com/app:v1", .matches),
        ("skip-image-references.yaml", "registry.example.com/mirror/nginx:1", .skipped),
        ("skip-image-references.yaml", "registry.example.com/mirror/nginx@\(someDigest)", .skipped),
        ("pin-only.yaml", "nginx:1.27", .matches), ("pin-only.yaml", "ghcr.io/example/app:v1", .no),
    ]

    @Test(arguments: images) func selects(file: String, image: String, selection: ImageEntry.Selection) throws {
        let entry = try #require(try rules(file).first?.entries.first)
        #expect(entry.selection(of: try reference(image)) == selection)
    }

    @Test func auditAndEnforce() throws {
        #expect(try rules("audit-and-enforce.yaml", namespace: "prod").map(\.enforces) == [true])
        #expect(try rules("audit-and-enforce.yaml", namespace: "prod-eu").map(\.enforces) == [true])
        #expect(try rules("audit-and-enforce.yaml", namespace: "dev").map(\.enforces) == [false])
    }

    @Test(arguments: ["Deployment", "CronJob"]) func reachPodTemplates(kind: String) throws {
        // Tekton's tasks are about no Pods.
        for file in Self.files where file != "tekton.yaml" {
            #expect(try rules(file, kind: kind).count == 1, "\(file)")
        }
    }

    @Test func countsAreAsTold() throws {
        func set(_ file: String) throws -> [Int] {
            let requirement = try #require(try rules(file).first?.entries.first?.requirement.fixed)
            return requirement.attestorSets.flatMap { [$0.count, $0.entries.count] }
        }
        #expect(try set("one-key.yaml") == [1, 1])
        #expect(try set("legacy-spelling.yaml") == [1, 1])
        #expect(try set("two-of-three-keys.yaml") == [2, 3])
        #expect(try set("key-rotation.yaml") == [1, 2])
        #expect(try set("nested-attestors.yaml") == [1, 2])
        #expect(try rules("pin-only.yaml").first?.entries.first?.requirement.fixed == nil)
    }
}

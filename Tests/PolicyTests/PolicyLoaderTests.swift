import Foundation
import JSON
import Testing

@testable import Policy

@Suite struct PolicyLoaderTests {
    /// A folder that is gone after the test.
    private final class Folder {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "countersign-policy-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        @discardableResult func write(_ name: String, _ text: String) throws -> String {
            let file = path + "/" + name
            let folder = (file as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            return file
        }
    }

    private func names(_ result: LoadResult) -> [String]? { result.snapshot?.policies.map(\.name) }

    @Test func filesAndFolders() throws {
        let folder = try Folder()
        try folder.write("b.yaml", Sample.policy("b1") + "\n---\n# nothing\n---\n" + Sample.policy("b2"))
        try folder.write("a.yml", Sample.policy("a"))
        try folder.write("c.json", Sample.policy("c"))
        try folder.write("deeper/d.yaml", Sample.policy("d"))
        try folder.write("..data/e.yaml", Sample.policy("b1"))
        try folder.write(".hidden.yaml", Sample.policy("b1"))
        try folder.write("README.md", "# no policy")
        let single = try Folder().write("single", Sample.policy("single"))
        #expect(PolicyLoader.load(paths: [single]).problems.map(\.reason) == ["does not exist, or cannot be reached"])

        let result = PolicyLoader.load(paths: [folder.path])
        #expect(result.problems == [])
        #expect(names(result) == ["a", "b1", "b2", "c", "d"])
        // A file that is given by its name is read whatever its name is, and twice is once.
        let file = try folder.write("policy.txt", Sample.policy("text"))
        let again = PolicyLoader.load(paths: [file, folder.path + "/a.yml", folder.path + "/deeper/../a.yml"])
        #expect(names(again) == ["text", "a"])
    }

    @Test func whatCannotBeReadIsAProblem() throws {
        let folder = try Folder()
        let large = try folder.write("large.yaml", String(repeating: "#", count: PolicyFiles.maximumFileBytes + 1))
        let broken = try folder.write("broken.yaml", "a: [")
        let result = PolicyLoader.load(paths: [folder.path, folder.path + "/missing", "/dev/null"])
        #expect(result.snapshot == nil)
        let reasons = Dictionary(result.problems.map { ($0.file, $0.reason) }) { $1 }
        #expect(reasons[large]?.contains("larger than 4 MiB") == true)
        #expect(reasons[broken] != nil)
        #expect(reasons[folder.path + "/missing"] == "does not exist, or cannot be reached")
        #expect(reasons["/dev/null"] == "is neither a file nor a folder")
    }

    @Test func linksThatGoInCirclesEnd() throws {
        let folder = try Folder()
        try folder.write("a.yaml", Sample.policy("a"))
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/loop", withDestinationPath: folder.path)
        let result = PolicyLoader.load(paths: [folder.path])
        #expect(result.problems.first?.reason.contains("folders deep") == true)
    }

    /// A ConfigMap is mounted as links into a folder of its version, which changes.
    @Test func aMountedConfigMap() throws {
        let folder = try Folder()
        try folder.write("..2026_08_23/a.yaml", Sample.policy("a"))
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: folder.path + "/..data", withDestinationPath: "..2026_08_23")
        try manager.createSymbolicLink(atPath: folder.path + "/a.yaml", withDestinationPath: "..data/a.yaml")
        let before = PolicyFiles(reading: [folder.path])
        #expect(names(PolicyLoader.load(before)) == ["a"])

        try folder.write("..2026_08_24/a.yaml", Sample.policy("b"))
        try manager.removeItem(atPath: folder.path + "/..data")
        try manager.createSymbolicLink(atPath: folder.path + "/..data", withDestinationPath: "..2026_08_24")
        let after = PolicyFiles(reading: [folder.path])
        #expect(names(PolicyLoader.load(after)) == ["b"])
        #expect(before.fingerprint != after.fingerprint)
        #expect(after.fingerprint == PolicyFiles(reading: [folder.path]).fingerprint)
    }

    @Test func listsAreUnfolded() throws {
        let list = #"{"apiVersion":"v1","kind":"List","items":[\#(Sample.policy("a")),\#(Sample.policy("b"))]}"#
        #expect(names(try load(list)) == ["a", "b"])
        // What kubectl get -o yaml and the API server call a list of policies; its items may lack their kind.
        let bare = #"{"metadata":{"name":"c"},"spec":{"rules":[\#(Sample.rule())]}}"#
        let typed = #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicyList","items":[\#(bare)]}"#
        #expect(names(try load(typed)) == ["c"])
        #expect(names(try load(#"{"apiVersion":"v1","kind":"List","items":[]}"#)) == [])
    }

    @Test func otherKindsAreSkippedWithANote() throws {
        for (version, kind) in [
            ("v1", "ConfigMap"), ("kyverno.io/v2", "CleanupPolicy"),
            ("policies.kyverno.io/v1", "ImageValidatingPolicy"),
            ("nvidia.com/v1", "ClusterPolicy"),
        ] {
            let result = try load(#"{"apiVersion":"\#(version)","kind":"\#(kind)","metadata":{"name":"a"}}"#)
            #expect(result.problems == [])
            #expect(result.notes == ["test.yaml: \(kind) a (\(version)) is no ClusterPolicy or Policy and is skipped"])
        }
    }

    static let refused: [(text: String, path: String, says: String)] = [
        (#"{"spec":{}}"#, "", "no Kubernetes object"), ("[]", "", "no Kubernetes object"),
        (#""text""#, "", "no Kubernetes object"), (#"{"kind":"ClusterPolicy"}"#, "", "no Kubernetes object"),
        (#"{"kind":1,"apiVersion":"v1"}"#, "", "no Kubernetes object"),
        (Sample.policy(kind: "clusterpolicy"), "kind", "\"ClusterPolicy\" is meant"),
        (Sample.policy(version: "v9"), "apiVersion", "version v9 is not known"),
        (Sample.policy(version: "v2alpha1"), "apiVersion", "is not known"),
    ]

    @Test(arguments: refused) func refuses(text: String, path: String, says: String) throws {
        let problems = try problems(text)
        #expect(problems.contains { $0.path == path && $0.reason.contains(says) }, "\(problems)")
    }

    @Test func bothVersionsMeanTheSame() throws {
        #expect(
            try policy(Sample.policy(version: "v2beta1")).rules.map(\.name) == policy(Sample.policy()).rules.map(\.name)
        )
    }

    @Test func aPolicyGivenTwiceIsAProblem() throws {
        let result = PolicyLoader.load(documents: [
            ("a.yaml", try Document(Sample.policy("same"))), ("b.yaml", try Document(Sample.policy("same"))),
        ])
        #expect(result.snapshot == nil)
        #expect(
            result.problems.map(\.description) == [
                "b.yaml: ClusterPolicy same: is given twice; it also stands in a.yaml"
            ])
        // One name in two namespaces, and of two kinds, is another policy each time.
        let apart = try load(
            Sample.policy("same"), Sample.policy("same", kind: "Policy", metadata: #""namespace":"a""#),
            Sample.policy("same", kind: "Policy", metadata: #""namespace":"b""#))
        #expect(apart.problems == [])
        #expect(apart.snapshot?.policies.count == 3)
    }

    @Test func oneBadPolicyLeavesNoSnapshot() throws {
        let result = try load(Sample.policy("good"), Sample.policy("bad", spec: #""future":1"#))
        #expect(result.snapshot == nil)
        #expect(result.problems.map(\.policy) == ["ClusterPolicy bad"])
    }

    @Test func problemsSayFilePolicyAndPath() throws {
        let folder = try Folder()
        let file = try folder.write(
            "a.yaml", Sample.policy("ok") + "\n---\n" + Sample.policy("bad", spec: #""applyRules":"a""#))
        let problems = PolicyLoader.load(paths: [file]).problems.map(\.description)
        #expect(problems == ["\(file): ClusterPolicy bad: spec.applyRules: \"a\" is none of All, One"])
    }

    /// Two readers that disagree about a key are an attack.
    @Test func duplicateKeysAreRefused() throws {
        let folder = try Folder()
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nkind: ClusterPolicy\n")
        #expect(PolicyLoader.load(paths: [file]).problems.first?.reason.contains("duplicate key") == true)
    }

    /// `kubectl get -o yaml` of a policy that Kyverno stored years ago: everything it does not say is there.
    @Test func aPolicyAsAClusterStoredIt() throws {
        let key = TestKeys.pems[0].split(separator: "\n").map { "        " + $0 }.joined(separator: "\n")
        let text = """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata:
              annotations:
                kubectl.kubernetes.io/last-applied-configuration: '{"{{":1}'
                policies.kyverno.io/title: Verify {{ images }}
              creationTimestamp: "2022-03-01T00:00:00Z"
              generation: 1
              managedFields: []
              name: check-image
              resourceVersion: "1"
              uid: 0b2b0f8e-0000-4000-8000-000000000000
            spec:
              background: false
              failurePolicy: Fail
              rules:
              - exclude:
                  resources: {}
                generate:
                  clone: {}
                match:
                  any:
                  - resources:
                      kinds:
                      - Pod
                  resources: {}
                mutate: {}
                name: check-image
                preconditions: null
                validate: {}
                verifyImages:
                - image: ghcr.io/org/app:*
                  key: |-
            \(key)
                  mutateDigest: true
                  required: true
                  verifyDigest: true
              validationFailureAction: enforce
              webhookTimeoutSeconds: 30
            status:
              ready: true
            """
        let folder = try Folder()
        let result = PolicyLoader.load(paths: [try folder.write("a.yaml", text)])
        #expect(result.problems == [])
        #expect(result.notes == [])
        #expect(result.snapshot?.policies.first?.rules.map(\.enforces) == [true, true, true])
    }
}

import Foundation
import LocalRegistry
import OCI
import OpenSSL

/// A registry that holds the images that the samples in policies/ admit and deny, signed with the samples' keys.
///
/// The samples speak of `ghcr.io/example`; here they are read as if this registry were meant.
struct SampleRegistry: Sendable {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// The registries that samples name.
    private static let hosts = ["ghcr.io", "registry.example.com", "docker.io"]

    let registry: LocalRegistry
    private let folder: TemporaryFolder

    /// Who signs an image, and how.
    private enum Signature {
        case cosign2(String)
        case cosign3(String)
        case annotated(String, [String: String])
        case elsewhere(String, String)
        /// An attestation: its type and its predicate.
        case attested(String, String, String)
    }

    private static let scanType = "https://cosign.sigstore.dev/attestation/vuln/v1"

    /// What a scanner says that finished some days ago and found nothing critical.
    private static func scan(daysAgo days: Int) -> String {
        let date = Date.now.addingTimeInterval(Double(-days * 24 * 60 * 60)).ISO8601Format()
        return #"{"scanner":{"result":{"critical":0}},"metadata":{"scanFinishedOn":"\#(date)"}}"#
    }

    /// The images by repository and tag.
    private static let images: [(repository: String, tag: String, signatures: [Signature])] = [
        ("example/apps/web", "v1", [.cosign2("release")]), ("example/apps/proxy", "v1", [.cosign3("release")]),
        ("example/apps/web", "unsigned", []),
        ("example/legacy/ubi-minimal", "v1", [.cosign3("release")]),
        ("example/legacy/ubi-minimal", "other-key", [.cosign2("second")]),
        ("example/payments/api", "v1", [.cosign2("release"), .cosign3("third")]),
        ("example/payments/api", "one-team", [.cosign2("release"), .cosign3("release")]),
        ("example/core/api", "released", [.cosign2("release")]),
        ("example/core/api", "reviewed", [.cosign2("second"), .cosign3("third")]),
        ("example/core/api", "one-reviewer", [.cosign2("second")]),
        ("example/shop/web", "old", [.cosign2("release")]), ("example/shop/web", "new", [.cosign3("second")]),
        ("example/shop/web", "stranger", [.cosign2("third")]),
        ("example/staged/web", "production", [.annotated("second", ["stage": "production"])]),
        ("example/staged/web", "testing", [.annotated("second", ["stage": "testing"])]),
        ("example/vendor/tool", "v1", [.elsewhere("third", "example/signatures")]),
        ("example/vendor/tool", "beside", [.cosign2("third")]),
        ("app", "v1", [.cosign2("release")]), ("app", "unsigned", []), ("mirror/nginx", "1", []),
        ("example/team/web", "v1", [.cosign2("release")]), ("example/team/web", "unsigned", []),
        ("library/nginx", "1.27", []),
        ("example/teams/api", "blue", [.cosign3("second")]),
        (
            "example/catalog/web", "v1",
            [.attested("release", "https://cyclonedx.org/bom", #"{"bomFormat":"CycloneDX"}"#)]
        ),
        ("example/catalog/web", "signed", [.cosign2("release")]),
        ("example/steps/build", "v1", [.cosign2("release")]), ("example/steps/build", "unsigned", []),
        ("example/audited/web", "v1", [.cosign2("leaf")]), ("example/audited/web", "other", [.cosign2("release")]),
        ("example/scanned/web", "fresh", [.attested("release", scanType, scan(daysAgo: 1))]),
        ("example/scanned/web", "stale", [.attested("release", scanType, scan(daysAgo: 8))]),
    ]

    init() throws {
        registry = try LocalRegistry()
        folder = try TemporaryFolder("samples")
        for image in Self.images {
            let digest = registry.pushImage(to: image.repository, tag: image.tag)
            for signature in image.signatures { try sign(digest, in: image.repository, signature) }
        }
    }

    private func sign(_ image: Digest, in repository: String, _ signature: Signature) throws {
        var options = SigningOptions()
        switch signature {
        case .cosign2(let key):
            try Self.signer(key).signAsCosign2(image, in: repository, of: registry)
        case .cosign3(let key):
            try Self.signer(key).signAsCosign3(image, in: repository, of: registry)
        case .annotated(let key, let annotations):
            options.annotations = annotations
            try Self.signer(key).signAsCosign2(image, in: repository, of: registry, options)
        case .attested(let key, let type, let predicate):
            try Self.signer(key).attestAsCosign2(
                image, predicateType: type, predicate: Array(predicate.utf8), in: repository, of: registry)
        case .elsewhere(let key, let place):
            options.repository = place
            try Self.signer(key).signAsCosign2(image, in: repository, of: registry, options)
        }
    }

    private static func signer(_ key: String) throws -> Signer {
        let path = root.appending(path: "Tests/Fixtures/policies/\(key).key")
        return Signer(key: try PrivateKey(pem: String(contentsOf: path, encoding: .utf8)))
    }

    // MARK: Running

    /// The samples, by the name of their file.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "policies").path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(".yaml".count)) }.sorted()
    }()

    /// The text of a file of the samples, as it stands there.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: "policies/\(path)"), encoding: .utf8)
    }

    /// The path of a copy of a file of the samples, in which this registry is meant.
    func file(_ path: String) throws -> String {
        var text = try Self.text(path)
        for host in Self.hosts { text = text.replacingOccurrences(of: host, with: registry.host) }
        return try folder.write(text, to: path.replacingOccurrences(of: "/", with: "-"))
    }

    /// The arguments that give the sample's facts about the cluster, where it has any.
    private func facts(_ name: String) throws -> [String] {
        let folder = "resources/\(name)/facts"
        let path = Self.root.appending(path: "policies/\(folder)").path
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [] }
        return ["--cluster-facts"] + (try files.sorted().map { try file("\(folder)/\($0)") })
    }

    /// Runs a command of the real executable on a sample and one of its resources.
    func run(_ command: String, _ name: String, _ resource: String, _ more: [String] = []) async throws -> CommandResult
    {
        let arguments = [
            command, try file("\(name).yaml"), "--resource", try file("resources/\(name)/\(resource).yaml"),
        ]
        return try await Command.run(Parts.countersign, arguments + (try facts(name)) + more, in: folder)
    }
}

import Foundation

/// One registry with one set of signed images, made once for all tests of a run.
///
/// The images are in `demo/app`, each under the tag that names it. Tests read them; a test that changes what the registry
/// holds uses a repository of its own.
struct World: Sendable {
    private static let task = Task { try await World() }

    static func shared() async throws -> World { try await task.value }

    static let repository = "demo/app"

    let folder: TemporaryFolder
    let registry: DockerRegistry
    let pusher: Pusher
    let cosign2: Cosign
    let cosign3: Cosign
    /// Signs what is good.
    let key: CosignKey
    /// A key that no policy of these tests knows, unless it says so.
    let otherKey: CosignKey
    /// The images' digests, by tag.
    let digests: [String: String]

    /// The reference of an image of the world, by tag.
    func image(_ tag: String) -> String { "\(registry.host)/\(Self.repository):\(tag)" }

    private init() async throws {
        folder = try TemporaryFolder("world")
        registry = try await DockerRegistry()
        pusher = Pusher(host: registry.host, curl: Curl(folder: folder))
        cosign2 = try Cosign(.two, in: folder)
        cosign3 = try Cosign(.three, in: folder)
        key = try await cosign2.generateKey("release")
        otherKey = try await cosign2.generateKey("other")

        var digests: [String: String] = [:]
        for tag in Self.tags { digests[tag] = try await pusher.image(Self.repository, tag, label: tag) }
        digests["docker"] = try await pusher.image(Self.repository, "docker", label: "docker", docker: true)
        for tag in ["index2", "index3"] { digests[tag] = try await pusher.index(Self.repository, tag, label: tag) }
        self.digests = digests
        try await sign()
    }

    private static let tags = [
        "signed2", "signed3", "both", "unsigned", "other2", "other3", "moved2", "moved3", "annotated2", "annotated3",
        "two-signers", "attested2", "attested3", "garbled", "empty",
    ]

    private func sign() async throws {
        // Signed by digest, as cosign asks for.
        func reference(_ tag: String) -> String { "\(registry.host)/\(Self.repository)@\(digests[tag] ?? tag)" }

        for tag in ["signed2", "both", "docker", "index2"] { try await cosign2.sign(reference(tag), with: key) }
        for tag in ["signed3", "both", "index3"] { try await cosign3.sign(reference(tag), with: key) }
        try await cosign2.sign(reference("other2"), with: otherKey)
        try await cosign3.sign(reference("other3"), with: otherKey)
        try await cosign2.sign(reference("annotated2"), with: key, annotations: ["team": "blue"])
        try await cosign3.sign(reference("annotated3"), with: key, annotations: ["team": "blue"])
        try await cosign2.sign(reference("two-signers"), with: otherKey)
        try await cosign2.sign(reference("two-signers"), with: key)
        try await cosign2.attest(reference("attested2"), with: key, type: "vuln", predicate: #"{"clean":true}"#)
        try await cosign3.attest(reference("attested3"), with: key, type: "vuln", predicate: #"{"clean":true}"#)

        let signed2 = digests["signed2"] ?? ""
        try await pusher.moveSignatures(Self.repository, of: signed2, to: digests["moved2"] ?? "")
        try await pusher.moveBundles(Self.repository, of: digests["signed3"] ?? "", to: digests["moved3"] ?? "")

        // A signature whose base64 is garbled, and a signature manifest that holds none.
        let signatures = try await pusher.fetch(Self.repository, Pusher.tag(signed2) + ".sig")
        let garbled = signatures.editing { text in
            text.replacing(/"dev\.cosignproject\.cosign\/signature":"[^"]*"/) { _ in
                #""dev.cosignproject.cosign/signature":"!!not base64!!""#
            }
        }
        try await pusher.manifest(Self.repository, Pusher.tag(digests["garbled"] ?? "") + ".sig", garbled)
        let empty = signatures.editing { $0.replacing(/"layers":\[.*\]/) { _ in #""layers":[]"# } }
        try await pusher.manifest(Self.repository, Pusher.tag(digests["empty"] ?? "") + ".sig", empty)
    }
}

extension PushedManifest {
    func editing(_ change: (String) -> String) -> PushedManifest {
        PushedManifest(bytes: Array(change(String(decoding: bytes, as: UTF8.self)).utf8), mediaType: mediaType)
    }
}

import FoundationEssentials
import LocalRegistry
import OpenSSL

/// A registry full of signed images, and the files that drive a server and `wrk` against it.
struct Scene {
    let registry: LocalRegistry
    private let key: PrivateKey

    private static let repository = "team/service"
    /// So many that reviews which are answered at the same time share no check.
    private static let images = 4 * 250
    /// A cluster's worth: what memory is measured with. One of them is about the registry.
    private static let policies = 100

    init() throws {
        registry = try LocalRegistry()
        key = try PrivateKey.generate()
        let signer = Signer(key: key)
        for number in 0..<Self.images {
            let digest = registry.pushImage(to: Self.repository, tag: "v\(number)")
            try signer.signAsCosign2(digest, in: Self.repository, of: registry)
        }
    }

    /// Writes `policies/`, `warm` (one review of four images), `cold` (reviews of four images each, all different, one a
    /// line) and `cosign.pub`, which comes last: once it is there, all is.
    func write(to folder: String) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder + "/policies", withIntermediateDirectories: true)
        let name = "\(registry.host)/\(Self.repository)"
        try write(
            SamplePolicies.policy(name: "signed", image: "\(name):*", key: key.publicKey),
            to: folder + "/policies/signed.yaml")
        let others = SamplePolicies.others(count: Self.policies - 1, key: key.publicKey).joined(separator: "---\n")
        try write(others, to: folder + "/policies/others.yaml")
        let reviews = stride(from: 0, to: Self.images, by: 4).map { first in
            SampleReview.bytes(images: (first..<first + 4).map { "\(name):v\($0)" }) + [0x0A]
        }
        try write(reviews[0], to: folder + "/warm")
        try write(Array(reviews.joined()), to: folder + "/cold")
        try write(key.publicKey.pem, to: folder + "/cosign.pub")
    }

    private func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    }
}

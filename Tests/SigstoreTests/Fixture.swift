import Foundation
import JSON
import OCI
import OpenSSL

@testable import Sigstore

/// What real cosign wrote: see Tests/Fixtures/cosign/README.md.
struct Fixture {
    let folder: URL

    init(_ name: String) {
        folder = Self.root.appending(path: name)
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/cosign")

    static func bytes(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: root.appending(path: path))) }

    static func key(_ file: String = "cosign.pub") throws -> PublicKey {
        try PublicKey(pem: String(decoding: bytes(file), as: UTF8.self))
    }

    func bytes(_ file: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: folder.appending(path: file))) }

    var digest: Digest {
        get throws {
            let text = try String(decoding: bytes("digest"), as: UTF8.self)
            return try Digest(parsing: text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    var manifest: ImageManifest { get throws { try ImageManifest(parsing: bytes("manifest.json")) } }

    var layers: [SignatureLayer] {
        get throws {
            try manifest.layers.map { try SignatureLayer(descriptor: $0, payload: bytes($0.digest.hex)) }
        }
    }

    var bundleBytes: [UInt8] { get throws { try bytes(manifest.layers[0].digest.hex) } }
}

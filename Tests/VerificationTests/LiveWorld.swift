import HTTPClient
import LocalRegistry
import OCI
import OpenSSL
import Registry
import Verification

/// A real registry on loopback, a real client, and a verifier.
final class LiveWorld {
    let registry: LocalRegistry
    let http: HTTPClient
    let verifier: ImageVerifier
    let alice: Signer
    let bob: Signer
    let repository = "demo/app"

    init(_ behaviour: Behaviour = .init(), _ configuration: ImageVerifier.Configuration = .init()) throws {
        registry = try LocalRegistry(behaviour: behaviour)
        http = try HTTPClient(HTTPClient.Configuration())
        verifier = ImageVerifier(
            registry: RegistryClient(http: http, configuration: RegistryConfiguration()), configuration: configuration)
        alice = try Signer(key: PrivateKey.generate())
        bob = try Signer(key: PrivateKey.generate())
    }

    deinit {
        http.close()
        registry.stop()
    }

    func reference(_ suffix: String) throws -> ImageReference {
        try ImageReference(parsing: "\(registry.host)/\(repository)\(suffix)")
    }

    func requirement(_ forms: Requirement.Forms = .any) throws -> Requirement {
        let attestor = Attestor.key(KeyAttestor(key: alice.key.publicKey))
        return try Requirement(attestorSets: [AttestorSet(entries: [attestor])], forms: forms)
    }

    /// Whether alice has signed it.
    func check(_ suffix: String, pinned: Bool = true) async throws -> CheckResult {
        await verifier.check(
            try reference(suffix), try requirement(), pinned: pinned, deadline: .now + .seconds(30))
    }
}

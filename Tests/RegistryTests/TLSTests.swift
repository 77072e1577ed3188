import Foundation
import HTTPClient
import LocalRegistry
import OCI
import OpenSSL
import Testing

@testable import Registry

/// A registry behind TLS on loopback, where plain http would be allowed.
@Suite struct TLSTests {
    let certificate: Certificate
    let registry: LocalRegistry
    let repository: Repository

    init() throws {
        let key = try PrivateKey.generate()
        certificate = try Certificate.selfSigned(
            commonName: "test", dnsNames: [], ipAddresses: ["127.0.0.1"], key: key, days: 1)
        registry = try LocalRegistry(tls: TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: key.pem))
        registry.pushImage(to: "demo/app", tag: "v1")
        repository = try Repository(parsing: registry.host + "/demo/app")
    }

    func fetch(_ configuration: RegistryConfiguration) async throws {
        let client = RegistryClient(http: try HTTPClient(HTTPClient.Configuration()), configuration: configuration)
        _ = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
    }

    @Test func theExtraAuthorityIsTrustedAlsoForTokens() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "registry-ca-\(UUID().uuidString).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try certificate.pem.write(to: file, atomically: true, encoding: .utf8)
        registry.behaviour.authentication = .bearer(TokenRules())
        try await fetch(RegistryConfiguration(caFile: file.path))
        #expect(registry.count(.token) == 1)
    }

    @Test func anUntrustedCertificateIsSaidAndNothingIsSent() async throws {
        do {
            try await fetch(RegistryConfiguration())
            Issue.record("trusted")
        } catch let failure as RegistryFailure {
            #expect(failure.description.contains("not trusted"))
            #expect(registry.seenRequests.isEmpty)
        }
    }
}

import Testing

@testable import Cluster

@Suite("The names of the serving certificate")
struct ServingNamesTests {
    @Test("A service is called by its name and namespace")
    func service() {
        let names = ServingNames(Installation(namespace: "gate", service: "hook"))
        #expect(names.dnsNames == ["hook", "hook.gate", "hook.gate.svc", "hook.gate.svc.cluster.local"])
        #expect(names.ipAddresses.isEmpty)
    }

    @Test(
        "A URL is called by its host",
        arguments: [
            ("https://127.0.0.1:8443", nil, "127.0.0.1"), ("https://[fd00::1]:8443/x", nil, "fd00::1"),
            ("https://Hooks.Example.com/x", "hooks.example.com", nil), ("https://a.example.", "a.example", nil),
            ("https://user:pass@a.example:1?q", "a.example", nil), ("https://localhost:1", "localhost", nil),
            ("https://1.2.3.4.example", "1.2.3.4.example", nil), ("https://1.2.3", "1.2.3", nil),
            ("127.0.0.1:8443", nil, nil), ("https://", nil, nil), ("https://[::1", nil, nil),
        ] as [(String, String?, String?)])
    func url(url: String, dnsName: String?, address: String?) {
        let names = ServingNames(Installation(webhookURL: url))
        #expect(names.dnsNames.dropFirst(4) == (dnsName.map { [$0] } ?? [])[...])
        #expect(names.ipAddresses == (address.map { [$0] } ?? []))
    }

    @Test("A certificate carries all of them or is not enough")
    func coverage() throws {
        let book = try CertificateScene.book()
        #expect(CertificateScene.names.areCovered(by: book.pair.certificate))
        let more = ServingNames(Installation(webhookURL: "https://127.0.0.1:1"))
        #expect(!more.areCovered(by: book.pair.certificate))
    }
}

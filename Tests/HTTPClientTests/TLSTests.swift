import Foundation
import HTTPServer
import LocalRegistry
import OpenSSL
import Testing

@testable import HTTPClient

/// A registry behind a self-signed certificate, and that certificate in a file.
private struct Secured {
    let registry: LocalRegistry
    let caFile: String
    let folder: URL

    init(names: [String] = [], addresses: [String] = ["127.0.0.1"], days: Int = 1) throws {
        let key = try PrivateKey.generate()
        let certificate = try Certificate.selfSigned(
            commonName: "test", dnsNames: names, ipAddresses: addresses, key: key, days: days)
        let tls = try TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: key.pem)
        registry = try LocalRegistry(tls: tls)
        registry.pushImage(to: "demo/app", tag: "v1")
        folder = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        caFile = folder.appending(path: "ca.pem").path
        try certificate.pem.write(toFile: caFile, atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var request: HTTPClient.Request { .init(registry.origin + "/v2/demo/app/manifests/v1") }
}

@Suite struct TLSTests {
    @Test func trustsTheSystemAndNobodyElse() async throws {
        let secured = try Secured()
        defer { secured.remove() }
        let client = try HTTPClient(.init())
        guard case .tls(let reason) = await failure(of: secured.request, by: client) else {
            Issue.record("a certificate that nobody vouches for was accepted")
            return
        }
        #expect(reason.hasPrefix("the certificate of 127.0.0.1:\(secured.registry.port) is not trusted"))
        #expect(secured.registry.seenRequests.isEmpty)
    }

    @Test func trustsWhatTheClientWasTold() async throws {
        let secured = try Secured()
        defer { secured.remove() }
        let client = try HTTPClient(.init(caFile: secured.caFile))
        for _ in 0..<3 { #expect(try await client.send(secured.request).status == 200) }
        #expect(secured.registry.openConnections == 1)
    }

    @Test func trustsWhatTheRequestWasToldBesides() async throws {
        let (first, second) = (try Secured(), try Secured())
        defer {
            first.remove()
            second.remove()
        }
        let client = try HTTPClient(.init(caFile: first.caFile))
        var request = second.request
        #expect(await failure(of: request, by: client) != nil)
        request.caFile = second.caFile
        #expect(try await client.send(request).status == 200)
        #expect(try await client.send(first.request).status == 200)
        // What one request trusts is no other request's: the connection that it left behind is not used.
        #expect(await failure(of: second.request, by: client) != nil)
        // And it trusts the client's authorities as well.
        request = first.request
        request.caFile = second.caFile
        #expect(try await client.send(request).status == 200)
    }

    @Test func trustsNobodyElseWhereItIsToldWhom() async throws {
        let (known, other) = (try Secured(), try Secured())
        defer {
            known.remove()
            other.remove()
        }
        let client = try HTTPClient(.init(caFile: known.caFile))
        var request = known.request
        request.onlyAuthorities = try String(contentsOfFile: other.caFile, encoding: .utf8)
        #expect(try await client.send(known.request).status == 200)
        // Neither the client's authorities, nor the request's others, nor a connection that is there already.
        request.caFile = known.caFile
        guard case .tls = await failure(of: request, by: client) else {
            Issue.record("somebody else vouched for the server")
            return
        }
        request.url = other.request.url
        #expect(try await client.send(request).status == 200)
        request.onlyAuthorities = "nobody"
        guard case .tls = await failure(of: request, by: client) else {
            Issue.record("it was trusted without an authority")
            return
        }
    }

    @Test func connectsElsewhereThanTheNameSays() async throws {
        let secured = try Secured(names: ["kubernetes.default.svc"], addresses: [])
        defer { secured.remove() }
        let client = try HTTPClient(.init(caFile: secured.caFile))
        var request = secured.request
        request.url = "https://kubernetes.default.svc:443/v2/demo/app/manifests/v1"
        request.connectTo = "127.0.0.1:\(secured.registry.port)"
        #expect(try await client.send(request).status == 200)
        request.url = "https://other.default.svc/v2/demo/app/manifests/v1"
        guard case .tls = await failure(of: request, by: client) else {
            Issue.record("a certificate for another name was accepted")
            return
        }
    }

    @Test func goesThroughTheProxyOfTheRequest() async throws {
        let proxy = try ScriptedServer(answering: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        let secured = try Secured()
        defer { secured.remove() }
        let client = try HTTPClient(.init(caFile: secured.caFile, proxy: .init(httpsProxy: proxy.url)))
        #expect(await failure(of: secured.request, by: client) != nil)
        #expect(proxy.requests.first?.line == "CONNECT 127.0.0.1:\(secured.registry.port) HTTP/1.1")
        var request = secured.request
        request.proxy = .init()
        #expect(try await client.send(request).status == 200)
        #expect(proxy.requests.count == 1)
    }

    @Test func looksAtTheName() async throws {
        let secured = try Secured(names: ["registry.example"], addresses: [])
        defer { secured.remove() }
        let client = try HTTPClient(.init(caFile: secured.caFile))
        guard case .tls = await failure(of: secured.request, by: client) else {
            Issue.record("a certificate for another name was accepted")
            return
        }
    }

    @Test func looksAwayWhereItIsTold() async throws {
        let secured = try Secured(names: ["registry.example"], addresses: [])
        defer { secured.remove() }
        let client = try HTTPClient(.init())
        var request = secured.request
        request.verifiesPeer = false
        #expect(try await client.send(request).status == 200)
        #expect(await failure(of: secured.request, by: client) != nil)
    }

    @Test func neverLeavesTLSByARedirect() async throws {
        let secured = try Secured()
        defer { secured.remove() }
        let plain = try LocalRegistry()
        secured.registry.behaviour.faults = [
            Fault(.redirect(toOrigin: plain.origin, status: 307), on: RequestKind.reads)
        ]
        let client = try HTTPClient(.init(caFile: secured.caFile))
        guard case .redirectRefused = await failure(of: secured.request, by: client) else {
            Issue.record("it went from https to http")
            return
        }
        #expect(plain.seenRequests.isEmpty)
    }

    @Test func verifiesTheServerThatItIsRedirectedTo() async throws {
        let (first, second) = (try Secured(), try Secured())
        defer {
            first.remove()
            second.remove()
        }
        first.registry.behaviour.faults = [
            Fault(.redirect(toOrigin: second.registry.origin, status: 307), on: RequestKind.reads)
        ]
        let client = try HTTPClient(.init())
        var request = first.request
        request.verifiesPeer = false
        guard case .tls = await failure(of: request, by: client) else {
            Issue.record("what the request said of one server held for another")
            return
        }
        request.caFile = second.caFile
        #expect(try await client.send(request).status == 200)
    }

    @Test func saysThatPlainHTTPIsNoTLS() async throws {
        let plain = try LocalRegistry()
        let client = try HTTPClient(.init())
        let failure = await failure(of: .init("https://\(plain.host)/v2/"), by: client)
        #expect(failure == .tls("\(plain.host) does not speak TLS"))
    }

    @Test(arguments: [Fault.Effect.truncate(after: 10), .endless(statedLength: nil), .stallInBody(after: 10)])
    func boundsHoldUnderTLS(effect: Fault.Effect) async throws {
        let secured = try Secured()
        defer { secured.remove() }
        secured.registry.behaviour.faults = [Fault(effect, on: RequestKind.reads)]
        let client = try HTTPClient(.init(caFile: secured.caFile))
        var request = secured.request
        if case .stallInBody = effect { request.deadline = .now + .milliseconds(300) }
        let expected: HTTPClient.Failure =
            switch effect {
            case .truncate: .truncated
            case .endless: .tooLarge(limit: request.maximumResponseBytes)
            default: .timedOut
            }
        #expect(await failure(of: request, by: client) == expected)
    }

    @Test func saysWhatIsWrongWithAFile() async throws {
        let secured = try Secured()
        defer { secured.remove() }
        let (absent, empty) = (secured.folder.path + "/absent.pem", secured.folder.path + "/empty.pem")
        try "nothing".write(toFile: empty, atomically: true, encoding: .utf8)
        #expect(throws: HTTPClient.Failure.configuration("the CA file \(absent) cannot be read")) {
            try HTTPClient(.init(caFile: absent))
        }
        #expect(throws: HTTPClient.Failure.configuration("the CA file \(empty) holds no PEM certificate")) {
            try HTTPClient(.init(caFile: empty))
        }
        let client = try HTTPClient(.init())
        var request = secured.request
        request.caFile = absent
        #expect(await failure(of: request, by: client) == .configuration("the CA file \(absent) cannot be read"))
        request.caFile = secured.caFile
        request.clientCertificate = .init(certificatePEM: "nothing", privateKeyPEM: "nothing")
        guard case .tls = await failure(of: request, by: client) else {
            Issue.record("a client certificate that is none was accepted")
            return
        }
    }

    @Test func showsAClientCertificate() async throws {
        let secured = try Secured()
        defer { secured.remove() }
        let key = try PrivateKey.generate()
        let certificate = try Certificate.selfSigned(
            commonName: "client", dnsNames: [], ipAddresses: [], key: key, days: 1)
        let client = try HTTPClient(.init(caFile: secured.caFile))
        var request = secured.request
        request.clientCertificate = .init(certificatePEM: certificate.pem, privateKeyPEM: try key.pem)
        // The registry asks for none; that it is loaded, and that the handshake goes on, is what can be seen here.
        #expect(try await client.send(request).status == 200)
    }
}

@Suite struct EnvironmentTests {
    @Test func readsNoProxyFromTheEnvironment() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
                unsafe setenv(name, "http://127.0.0.1:1", 1)
            }
            let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            let response = try await HTTPClient(.init()).send(.init(server.url))
            guard response.status == 200 else { exit(1) }
        }
    }
}

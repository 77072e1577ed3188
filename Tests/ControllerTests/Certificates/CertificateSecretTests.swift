import JSON
import Kubernetes
import OpenSSL
import Testing

@testable import Cluster

@Suite("The Secret of the certificates")
struct CertificateSecretTests {
    @Test("What is written is read again, at each stage of a rotation")
    func stages() throws {
        let first = try CertificateScene.book()
        let announced = try CertificateScene.announced(first)
        let promoted = try CertificateScene.promoted(announced)
        let twice = try CertificateScene.announced(promoted)
        for book in [first, announced, promoted, twice] {
            let secret = try CertificateScene.secret(book)
            #expect(CertificateSecret.state(of: secret) == CertificateScene.state(book))
            #expect(secret["type"]?.string == "kubernetes.io/tls")
            #expect(ObjectName(of: secret) == CertificateScene.name)
        }
        #expect(promoted.retired == [first.issuer])
        #expect(twice.bundle.count == 3 && twice.bundle.first == promoted.issuer)
        var withoutKey = first
        withoutKey.issuerKey = nil
        #expect(try CertificateSecret.state(of: CertificateScene.secret(withoutKey)) == .steady(withoutKey))
    }

    @Test("An authority without the key that says it is next was retired")
    func next() throws {
        let announced = try CertificateScene.announced(CertificateScene.book())
        for text in [nil, "", "no key", try PrivateKey.generate().pem, try announced.pair.key.pem] {
            let state = try CertificateSecret.state(of: CertificateScene.secret(announced, "next-ca.key", text))
            guard case .steady(let book) = state else {
                Issue.record("\(state)")
                continue
            }
            #expect(book.retired == [announced.next?.certificate] && book.pair == announced.pair)
        }
    }

    @Test("A key that is not the issuer's is none")
    func issuerKey() throws {
        let book = try CertificateScene.book()
        for text in [nil, "", "no key", try PrivateKey.generate().pem] {
            let state = try CertificateSecret.state(of: CertificateScene.secret(book, "ca.key", text))
            #expect(state.book?.issuerKey == nil && state.book?.pair == book.pair)
        }
    }

    @Test("What cannot be served with is damaged, and says how without anything secret")
    func damage() throws {
        let book = try CertificateScene.book()
        let other = try CertificateScene.book()
        let table: [(String, String?, String)] = [
            ("tls.crt", nil, "tls.crt is no certificate"), ("tls.crt", "", "tls.crt is no certificate"),
            ("tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "tls.crt is no certificate"),
            ("tls.key", nil, "tls.key is no private key"),
            ("tls.key", book.pair.certificate.pem, "tls.key is no private key"),
            ("tls.key", try other.pair.key.pem, "tls.crt does not belong to tls.key"),
            ("tls.crt", other.pair.certificate.pem, "tls.crt does not belong to tls.key"),
            ("ca.crt", nil, "nobody in ca.crt vouches for tls.crt"),
            ("ca.crt", other.issuer.pem, "nobody in ca.crt vouches for tls.crt"),
            ("ca.crt", book.pair.certificate.pem, "nobody in ca.crt vouches for tls.crt"),
        ]
        for (key, text, reason) in table {
            let state = try CertificateSecret.state(of: CertificateScene.secret(book, key, text))
            guard case .damaged(let remains) = state else {
                Issue.record("\(key): \(state)")
                continue
            }
            #expect(remains.reason == reason)
            // What is left of it may still be issued from, and be trusted.
            let isAuthorityLeft = key != "ca.crt"
            #expect((remains.authority == book.authority) == isAuthorityLeft)
        }
        for text in [#"{}"#, #"{"data":null}"#, #"{"data":{"tls.crt":7,"tls.key":"%%%","ca.crt":"/w=="}}"#] {
            guard case .damaged(let remains) = CertificateSecret.state(of: try Document(Array(text.utf8)).root) else {
                Issue.record("\(text)")
                continue
            }
            #expect(remains.authorities.isEmpty && remains.authority == nil)
        }
    }

    @Test("What others have put there stays, but a request that is met")
    func others() throws {
        let text = """
            {"metadata":{"name":"countersign-tls","namespace":"countersign","resourceVersion":"7","uid":"u",
             "labels":{"team":"gate"},"annotations":{"countersign.dev/rotate":"now","note":"x"},
             "ownerReferences":[{"uid":"o"}],"managedFields":[{}]},
             "type":"Opaque","data":{"theirs":"AAAA","tls.crt":"AAAA"}}
            """
        let known = try Document(Array(text.utf8)).root
        #expect(CertificateSecret.isRotationAsked(of: known))
        let book = try CertificateScene.book()
        let kept = try CertificateScene.secret(book, over: known)
        let metadata = try #require(kept["metadata"])
        #expect(metadata["resourceVersion"]?.string == "7" && metadata["uid"]?.string == "u")
        #expect(metadata["labels"]?["team"]?.string == "gate")
        #expect(metadata["labels"]?["app.kubernetes.io/managed-by"]?.string == "countersign")
        #expect(metadata["ownerReferences"]?[0]?["uid"]?.string == "o" && metadata["managedFields"] == nil)
        #expect(kept["data"]?["theirs"]?.string == "AAAA" && kept["type"]?.string == "Opaque")
        #expect(CertificateSecret.isRotationAsked(of: kept))
        #expect(CertificateSecret.state(of: kept) == .steady(book))
        let ended = try Document(CertificateScene.body(book, over: known, endsRequest: true)).root
        #expect(!CertificateSecret.isRotationAsked(of: ended))
        #expect(ended["metadata"]?["annotations"]?["note"]?.string == "x")
    }

    @Test("Nothing that is printed shows a key")
    func secrecy() throws {
        let book = try CertificateScene.announced(CertificateScene.book())
        let keys = [book.pair.key, book.issuerKey, book.next?.key].compactMap { $0 }
        #expect(keys.count == 3)
        var shown = "\(book) \(CertificateScene.state(book))"
        dump(CertificateScene.state(book), to: &shown)
        for action in [.restore(book, .deleted), .announce(book, next: book.next, .stranger)] as [CertificateAction] {
            shown += "\(action) \(action.summary ?? "")"
        }
        for key in keys {
            let lines = try key.pem.split(separator: "\n").filter { !$0.hasPrefix("-") }
            #expect(!lines.isEmpty && lines.allSatisfy { !shown.contains($0) })
        }
        #expect(!shown.contains("PRIVATE"))
    }
}

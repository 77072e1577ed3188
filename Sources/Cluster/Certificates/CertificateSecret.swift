import JSON
import Kubernetes
import OpenSSL

/// How certificates are kept in a Secret of the type `kubernetes.io/tls`.
///
/// - `tls.crt`, `tls.key`: the pair that is served with;
/// - `ca.crt`: every authority that is to be trusted, its issuer first;
/// - `ca.key`: the key of the issuer;
/// - `next-ca.key`: the key of that one of `ca.crt` which comes next, while a rotation is under way.
enum CertificateSecret {
    static let type = "kubernetes.io/tls"
    /// Whoever puts this annotation on the Secret, with whatever value, asks for a rotation; it is taken off when the
    /// rotation begins.
    static let rotationAnnotation = "countersign.dev/rotate"

    private static let servingCertificate = "tls.crt"
    private static let servingKey = "tls.key"
    private static let authorities = "ca.crt"
    private static let authorityKey = "ca.key"
    private static let nextKey = "next-ca.key"
    private static let ours = [servingCertificate, servingKey, authorities, authorityKey, nextKey]

    // MARK: Reading

    static func isRotationAsked(of secret: Value) -> Bool {
        secret["metadata"]?["annotations"]?[rotationAnnotation] != nil
    }

    /// What the Secret says. What cannot be read of it counts as not there.
    static func state(of secret: Value) -> CertificateState {
        let all = certificates(text(authorities, of: secret)).filter(\.isAuthority)
        let key = privateKey(authorityKey, of: secret)
        do throws(Unusable) {
            let pair = try pair(of: secret)
            guard let issuer = all.first(where: pair.certificate.isIssued) else {
                throw Unusable(reason: "nobody in \(authorities) vouches for \(servingCertificate)")
            }
            var book = CertificateBook(pair: pair, issuer: issuer)
            if let key, issuer.isFor(key) { book.issuerKey = key }
            let others = all.filter { $0 != issuer }
            if let nextKey = privateKey(nextKey, of: secret), let next = others.first(where: { $0.isFor(nextKey) }) {
                book.next = Authority(certificate: next, key: nextKey)
            }
            book.retired = others.filter { $0 != book.next?.certificate }
            return book.next == nil ? .steady(book) : .announced(book)
        } catch {
            var remains = CertificateRemains(authorities: all, reason: error.reason)
            if let key, let certificate = all.first(where: { $0.isFor(key) }) {
                remains.authority = Authority(certificate: certificate, key: key)
            }
            return .damaged(remains)
        }
    }

    private struct Unusable: Error {
        let reason: String
    }

    private static func pair(of secret: Value) throws(Unusable) -> ServingPair {
        guard let certificate = certificates(text(servingCertificate, of: secret)).first else {
            throw Unusable(reason: "\(servingCertificate) is no certificate")
        }
        guard let key = privateKey(servingKey, of: secret) else {
            throw Unusable(reason: "\(servingKey) is no private key")
        }
        guard certificate.isFor(key) else {
            throw Unusable(reason: "\(servingCertificate) does not belong to \(servingKey)")
        }
        return ServingPair(certificate: certificate, key: key)
    }

    private static func text(_ name: String, of secret: Value) -> String? {
        guard let encoded = secret["data"]?[name]?.string, let bytes = Base64.decode(encoded) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func privateKey(_ name: String, of secret: Value) -> PrivateKey? {
        text(name, of: secret).flatMap { try? PrivateKey(pem: $0) }
    }

    /// Those of a text, in order and each once; none where it cannot be read.
    static func certificates(_ text: String?) -> [Certificate] {
        guard let text, let chain = try? Certificate.chain(inPEM: text) else { return [] }
        var seen: Set<Certificate> = []
        return chain.filter { seen.insert($0).inserted }
    }

    // MARK: Writing

    /// The text of `ca.crt` and of a webhook's caBundle.
    static func pem(_ certificates: [Certificate]) -> String { certificates.map(\.pem).joined() }

    /// The Secret with what `book` says in the place of what it said; everything else of it stays.
    ///
    /// - Parameters:
    ///   - known: the Secret as it was read, so that only that version of it is replaced; nil for a new one.
    ///   - endsRequest: whether the request for a rotation is met by this.
    static func body(
        _ book: CertificateBook, named name: ObjectName, over known: Value?, endsRequest: Bool
    ) throws(KeyError) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string(ResourceType.secrets.apiVersion)
        writer.key("kind")
        writer.string(ResourceType.secrets.kind)
        writer.key("type")
        writer.string(known?["type"]?.string ?? type)
        writer.key("metadata")
        write(metadataOf: known, named: name, endsRequest: endsRequest, to: &writer)
        writer.key("data")
        writer.beginObject()
        for (key, value) in try contents(book) {
            writer.key(key)
            writer.base64(Array(value.utf8))
        }
        if let data = known?["data"], data.kind == .object {
            for (key, value) in data.members where !ours.contains(key) { write(key, value, to: &writer) }
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static func contents(_ book: CertificateBook) throws(KeyError) -> [(String, String)] {
        var contents = [
            (servingCertificate, book.pair.certificate.pem), (servingKey, try book.pair.key.pem),
            (authorities, pem(book.bundle)),
        ]
        if let key = book.issuerKey { contents.append((authorityKey, try key.pem)) }
        if let next = book.next { contents.append((nextKey, try next.key.pem)) }
        return contents
    }

    private static func write(
        metadataOf known: Value?, named name: ObjectName, endsRequest: Bool, to writer: inout Writer
    ) {
        let metadata = known?["metadata"]
        writer.beginObject()
        writer.key("name")
        writer.string(name.name)
        if let namespace = name.namespace {
            writer.key("namespace")
            writer.string(namespace)
        }
        for key in ["resourceVersion", "uid", "ownerReferences", "finalizers"] {
            if let value = metadata?[key] { write(key, value, to: &writer) }
        }
        writer.key("labels")
        writer.beginObject()
        writer.key(Installation.managedByLabel.key)
        writer.string(Installation.managedByLabel.value)
        if let labels = metadata?["labels"], labels.kind == .object {
            for (key, value) in labels.members where key != Installation.managedByLabel.key {
                write(key, value, to: &writer)
            }
        }
        writer.endObject()
        if let annotations = metadata?["annotations"], annotations.kind == .object {
            writer.key("annotations")
            writer.beginObject()
            for (key, value) in annotations.members where !(endsRequest && key == rotationAnnotation) {
                write(key, value, to: &writer)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func write(_ key: String, _ value: Value, to writer: inout Writer) {
        writer.key(key)
        writer.value(value)
    }
}

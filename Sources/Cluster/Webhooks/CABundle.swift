/// How the API server knows our serving certificate for ours.
public enum CABundle: Sendable, Hashable {
    /// Certificates as PEM, which the webhook configurations carry.
    case pem(String)
    /// cert-manager writes what the Certificate of this name (`namespace/name`) was issued by.
    case injected(from: String)

    /// Source: cert-manager, "CA Injector".
    static let injectionAnnotation = "cert-manager.io/inject-ca-from"

    var injection: String? {
        if case .injected(let certificate) = self { return certificate }
        return nil
    }
}

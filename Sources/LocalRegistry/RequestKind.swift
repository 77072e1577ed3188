import HTTPServer

/// What a client wanted, for counting requests and for choosing which of them meet a ``Fault``.
public enum RequestKind: String, Sendable, Hashable, CaseIterable {
    /// `GET /v2/`.
    case ping
    /// `GET` of a manifest by tag or digest.
    case manifest
    /// `HEAD` of a manifest.
    case manifestHead
    /// `GET` of a blob.
    case blob
    /// `HEAD` of a blob.
    case blobHead
    case referrers
    case tags
    case token
    /// Anything that writes: uploads, manifests, deletions.
    case push
    /// No request that a registry knows.
    case other

    /// What reads an image or its signatures.
    public static let reads: Set<RequestKind> = [.manifest, .manifestHead, .blob, .blobHead, .referrers]

    init(_ method: Method, _ route: Route) {
        self =
            switch (method, route) {
            case (.get, .ping): .ping
            case (.get, .manifest): .manifest
            case (.head, .manifest): .manifestHead
            case (.get, .blob): .blob
            case (.head, .blob): .blobHead
            case (.get, .referrers): .referrers
            case (.get, .tags): .tags
            case (.get, .token), (.post, .token): .token
            case (_, .manifest), (_, .blob), (_, .uploads), (_, .upload): .push
            default: .other
            }
    }
}

import LocalRegistry
import OCI
import OpenSSL

/// A registry on loopback with images good and bad, and a policy about them.
struct DemoScene {
    struct Case {
        enum Expectation {
            /// Allowed, and pinned to this digest.
            case pinned(Digest)
            /// Denied for this cause.
            case denied(String)
        }

        let image: String
        let expectation: Expectation

        func expects(_ answer: DemoReview.Answer) -> Bool {
            switch expectation {
            case .pinned(let digest): answer.isAllowed && answer.pinnedImage == "\(image)@\(digest)"
            case .denied(let cause): !answer.isAllowed && answer.reason == cause
            }
        }
    }

    let registry: LocalRegistry
    let policy: String
    /// The repository of the images, with the registry's host.
    let repository: String
    let cases: [Case]

    private static let path = "demo/app"

    init() throws {
        let key = try PrivateKey.generate()
        let signer = Signer(key: key)
        let stranger = Signer(key: try PrivateKey.generate())
        let registry = try LocalRegistry()
        func push(_ tag: String) -> Digest { registry.pushImage(to: Self.path, tag: tag) }

        let cosign2 = push("cosign2")
        try signer.signAsCosign2(cosign2, in: Self.path, of: registry)
        let cosign3 = push("cosign3")
        try signer.signAsCosign3(cosign3, in: Self.path, of: registry)
        _ = push("unsigned")
        try stranger.signAsCosign2(push("otherkey"), in: Self.path, of: registry)
        registry.copyTaggedSignatures(from: cosign2, to: push("moved"), in: Self.path)
        _ = try registry.copyReferrers(from: cosign3, to: push("moved3"), in: Self.path)

        let repository = "\(registry.host)/\(Self.path)"
        self.registry = registry
        self.repository = repository
        policy = Self.policy(repository: repository, key: key.publicKey)
        cases = [
            Case(image: "\(repository):cosign2", expectation: .pinned(cosign2)),
            Case(image: "\(repository):cosign3", expectation: .pinned(cosign3)),
            Case(image: "\(repository):unsigned", expectation: .denied("signature not found")),
            Case(image: "\(repository):otherkey", expectation: .denied("signature mismatch")),
            Case(image: "\(repository):moved", expectation: .denied("digest mismatch")),
            Case(image: "\(repository):moved3", expectation: .denied("digest mismatch")),
            Case(image: "\(repository):cosign2", expectation: .pinned(cosign2)),
        ]
    }

    private static func policy(repository: String, key: PublicKey) -> String {
        let pem = key.pem.split(separator: "\n").map { "            \($0)\n" }.joined()
        return """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata:
              name: check-image
            spec:
              validationFailureAction: Enforce
              rules:
                - name: check-image
                  match: {any: [{resources: {kinds: [Pod]}}]}
                  verifyImages:
                    - image: "\(repository):*"
                      key: |-

            """ + pem
    }
}

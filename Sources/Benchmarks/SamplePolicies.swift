import OpenSSL

/// Policies as a cluster has them: each about the images of somebody, with one key.
enum SamplePolicies {
    /// - Parameter namespace: the only one that the policy is about; nil for all.
    static func policy(name: String, image: String, namespace: String? = nil, key: PublicKey) -> String {
        let pem = key.pem.split(separator: "\n").map { "              \($0)\n" }.joined()
        let namespaces = namespace.map { "\n          namespaces: [\"\($0)\"]" } ?? ""
        return """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata:
              name: \(name)
            spec:
              rules:
              - name: signed
                match:
                  any:
                  - resources:
                      kinds: [Pod]\(namespaces)
                verifyImages:
                - imageReferences: ["\(image)"]
                  failureAction: Enforce
                  attestors:
                  - entries:
                    - keys:
                        publicKeys: |-

            """ + pem
    }

    /// Policies that no review of ``SampleReview`` is about: half are for other namespaces, the rest for other images.
    static func others(count: Int, key: PublicKey) -> [String] {
        (0..<count).map { number in
            policy(
                name: "other-\(number)", image: "registry-\(number).example.org/team-\(number)/*",
                namespace: number.isMultiple(of: 2) ? "team-\(number)-*" : nil, key: key)
        }
    }
}

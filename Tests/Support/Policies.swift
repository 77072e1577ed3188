/// Policies as people write them.
enum Policies {
    /// The legacy spelling: one glob, one key.
    static func legacy(_ image: String, key: String, name: String = "check-image") -> String {
        """
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata:
          name: \(name)
        spec:
          validationFailureAction: enforce
          background: false
          webhookTimeoutSeconds: 30
          failurePolicy: Fail
          rules:
            - name: \(name)
              match:
                any:
                - resources:
                    kinds:
                      - Pod
              verifyImages:
              - image: "\(image)"
                key: |-
        \(indented(key, by: 10))
        """
    }

    /// The modern spelling, with what the fields given say.
    static func modern(
        _ image: String, key: String, name: String, required: Bool = true, failurePolicy: String = "Fail",
        action: String = "Enforce", kinds: String = "Pod"
    ) -> String {
        """
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata:
          name: \(name)
        spec:
          webhookConfiguration: {failurePolicy: \(failurePolicy), timeoutSeconds: 10}
          rules:
            - name: signed
              match:
                any:
                - resources: {kinds: [\(kinds)]}
              verifyImages:
              - imageReferences: ["\(image)"]
                failureAction: \(action)
                required: \(required)
                attestors:
                - entries:
                  - keys:
                      publicKeys: |-
        \(indented(key, by: 16))
        """
    }

    static func indented(_ text: String, by count: Int) -> String {
        text.split(separator: "\n").map { String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
    }
}

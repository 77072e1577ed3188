import Testing

@testable import TestSupport

/// Definitions of kinds that belong to others, with what our manifests say of them: without these the API server knows
/// no such kind, and with unknown fields left open it would know too much.
enum ForeignDefinitions {
    static func install(in cluster: APIServer) async throws {
        let names = [
            "servicemonitors.monitoring.coreos.com", "certificates.cert-manager.io", "issuers.cert-manager.io",
        ]
        try await cluster.admin.apply(
            [
                definition(
                    names[0], kind: "ServiceMonitor",
                    spec: """
                        required: [selector, endpoints]
                        properties:
                          selector: {type: object, properties: {matchLabels: {type: object, additionalProperties: {type: string}}}}
                          endpoints:
                            type: array
                            items:
                              type: object
                              properties: {port: {type: string}, path: {type: string}, interval: {type: string}}
                        """),
                definition(
                    names[1], kind: "Certificate",
                    spec: """
                        required: [secretName, issuerRef]
                        properties:
                          secretName: {type: string}
                          dnsNames: {type: array, items: {type: string}}
                          privateKey:
                            type: object
                            properties:
                              algorithm: {type: string, enum: [RSA, ECDSA, Ed25519]}
                              size: {type: integer}
                              rotationPolicy: {type: string, enum: [Never, Always]}
                          issuerRef: {type: object, required: [name], properties: {name: {type: string}, kind: {type: string}}}
                        """),
                definition(names[2], kind: "Issuer", spec: "properties: {selfSigned: {type: object}}"),
            ].joined(separator: "---\n"))
        for name in names {
            try await cluster.admin.succeed("wait", "--for=condition=Established", "--timeout=20s", "crd/\(name)")
        }
        let isServed = try await eventually {
            let kinds = try await cluster.admin.run("api-resources", "--no-headers").output
            return ["ServiceMonitor", "Certificate", "Issuer"].allSatisfy { kinds.contains($0) }
        }
        #expect(isServed)
    }

    /// Puts definitions in the place of ours that are shaped as Kyverno's, as long as `work` takes: schemas that prune
    /// what they do not know and fill in what nobody wrote, and conditions that are a plain list.
    static func withKyvernos(in cluster: APIServer, _ work: () async throws -> Void) async throws {
        let names = ["clusterpolicies.kyverno.io", "policies.kyverno.io"]
        func remove() async throws {
            // A server that runs would put ours there.
            await Replica.killAll()
            try await cluster.admin.succeed(["delete", "crd", "--wait"] + names)
        }
        try await remove()
        try await cluster.admin.apply(
            kyvernos(names[0], kind: "ClusterPolicy", scope: "Cluster") + "---\n"
                + kyvernos(names[1], kind: "Policy", scope: "Namespaced"))
        for name in names {
            try await cluster.admin.succeed("wait", "--for=condition=Established", "--timeout=20s", "crd/\(name)")
        }
        do {
            try await work()
        } catch {
            try await remove()
            throw error
        }
        try await remove()
    }

    /// Source: Kyverno `kyverno.io/v1`, Spec, Rule, ImageVerification and PolicyStatus; what image rules need of them.
    private static func kyvernos(_ name: String, kind: String, scope: String) -> String {
        let plural = name.prefix { $0 != "." }
        let filters = """
            type: array
            items:
              type: object
              properties:
                resources:
                  type: object
                  properties:
                    kinds: {type: array, items: {type: string}}
                    names: {type: array, items: {type: string}}
                    namespaces: {type: array, items: {type: string}}
                    operations: {type: array, items: {type: string, enum: [CREATE, CONNECT, UPDATE, DELETE]}}
            """
        return """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(name)}
            spec:
              group: kyverno.io
              scope: \(scope)
              names: {kind: \(kind), plural: \(plural), singular: \(kind.lowercased()), listKind: \(kind)List}
              versions:
              - name: v1
                served: true
                storage: true
                subresources: {status: {}}
                schema:
                  openAPIV3Schema:
                    type: object
                    required: [spec]
                    properties:
                      apiVersion: {type: string}
                      kind: {type: string}
                      metadata: {type: object}
                      spec:
                        type: object
                        properties:
                          admission: {type: boolean, default: true}
                          applyRules: {type: string, enum: [All, One]}
                          background: {type: boolean, default: true}
                          emitWarning: {type: boolean, default: false}
                          failurePolicy: {type: string, enum: [Ignore, Fail]}
                          validationFailureAction:
                            {type: string, enum: [audit, enforce, Audit, Enforce], default: Audit}
                          webhookTimeoutSeconds: {type: integer, format: int32}
                          webhookConfiguration:
                            type: object
                            properties:
                              failurePolicy: {type: string, enum: [Ignore, Fail]}
                              timeoutSeconds: {type: integer, format: int32}
                          rules:
                            type: array
                            items:
                              type: object
                              required: [match, name]
                              properties:
                                name: {type: string, maxLength: 63}
                                skipBackgroundRequests: {type: boolean, default: true}
                                match:
                                  type: object
                                  properties:
                                    any:
            \(indented(filters, by: 26))
                                    all:
            \(indented(filters, by: 26))
                                verifyImages:
                                  type: array
                                  items:
                                    type: object
                                    properties:
                                      image: {type: string}
                                      imageReferences: {type: array, items: {type: string}}
                                      skipImageReferences: {type: array, items: {type: string}}
                                      key: {type: string}
                                      failureAction: {type: string, enum: [Audit, Enforce]}
                                      type: {type: string, enum: [Cosign, SigstoreBundle, Notary]}
                                      cosignOCI11: {type: boolean, default: false}
                                      mutateDigest: {type: boolean, default: true}
                                      verifyDigest: {type: boolean, default: true}
                                      required: {type: boolean, default: true}
                                      useCache: {type: boolean, default: true}
                                      attestors:
                                        type: array
                                        items:
                                          type: object
                                          properties:
                                            count: {type: integer, minimum: 1}
                                            entries:
                                              type: array
                                              items:
                                                type: object
                                                properties:
                                                  keys:
                                                    type: object
                                                    properties:
                                                      publicKeys: {type: string}
                                                      signatureAlgorithm: {type: string, default: sha256}
                      status:
                        type: object
                        properties:
                          ready: {type: boolean}
                          autogen:
                            {type: object, properties: {rules: {type: array, items: {type: object}}}}
                          conditions:
                            type: array
                            items:
                              type: object
                              required: [lastTransitionTime, message, reason, status, type]
                              properties:
                                lastTransitionTime: {type: string, format: date-time}
                                message: {type: string, maxLength: 32768}
                                observedGeneration: {type: integer, format: int64, minimum: 0}
                                reason:
                                  type: string
                                  minLength: 1
                                  maxLength: 1024
                                  pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                                status: {type: string, enum: ["True", "False", Unknown]}
                                type: {type: string, maxLength: 316}
                          rulecount:
                            type: object
                            required: [generate, mutate, validate, verifyimages]
                            properties:
                              generate: {type: integer}
                              mutate: {type: integer}
                              validate: {type: integer}
                              verifyimages: {type: integer}

            """
    }

    private static func indented(_ text: String, by count: Int) -> String { Policies.indented(text, by: count) }

    private static func definition(_ name: String, kind: String, spec: String) -> String {
        let parts = name.split(separator: ".", maxSplits: 1)
        let indented = spec.split(separator: "\n").map { String(repeating: " ", count: 12) + $0 }.joined(
            separator: "\n")
        return """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(name)}
            spec:
              group: \(parts[1])
              scope: Namespaced
              names: {kind: \(kind), plural: \(parts[0]), singular: \(kind.lowercased()), listKind: \(kind)List}
              versions:
              - name: v1
                served: true
                storage: true
                schema:
                  openAPIV3Schema:
                    type: object
                    required: [spec]
                    properties:
                      spec:
                        type: object
            \(indented)

            """
    }
}

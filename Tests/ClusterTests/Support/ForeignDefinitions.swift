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

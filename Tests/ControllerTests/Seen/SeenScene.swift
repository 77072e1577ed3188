import Admission
import HTTPClient
import HTTPServer
import JSON
import LocalRegistry
import Metrics
import OpenSSL
import Policy
import Registry
import Verification
import YAML

@testable import Cluster

/// A registry with a signed and an unsigned image, and policies about them.
struct SeenScene {
    let registry: LocalRegistry
    let http: HTTPClient
    let verifier: ImageVerifier
    let key: PrivateKey

    init() throws {
        registry = try LocalRegistry()
        http = try HTTPClient(HTTPClient.Configuration())
        verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: RegistryConfiguration()))
        key = try PrivateKey.generate()
        let signed = registry.pushImage(to: "demo/app", tag: "signed")
        try Signer(key: key).signAsCosign2(signed, in: "demo/app", of: registry)
        registry.pushImage(to: "demo/app", tag: "unsigned")
    }

    func image(_ tag: String) -> String { "\(registry.host)/demo/app:\(tag)" }

    /// A policy about the images of the registry.
    func policy(
        _ name: String = "check-image", action: String = "Enforce", match: String = "{resources: {kinds: [Pod]}}",
        spec: String = "", entry: String = ""
    ) -> String {
        let pem = key.publicKey.pem.split(separator: "\n").map { "        \($0)\n" }.joined()
        return """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata: {name: \(name)}
            spec:
              validationFailureAction: \(action)
              \(spec)
              rules:
              - name: signed
                match: {any: [\(match)]}
                verifyImages:
                - image: "\(registry.host)/demo/*"
                  \(entry)
                  key: |-
            \(pem)
            """
    }

    func snapshot(_ policies: String...) throws -> PolicySnapshot {
        let files = PolicyFiles(reading: ["-"], standardInput: { Array(policies.joined(separator: "\n---\n").utf8) })
        let result = PolicyLoader.load(files, honoursExceptions: true)
        if let problem = result.problems.first { throw problem }
        return result.snapshot ?? .empty
    }

    static func pod(
        _ images: [String], name: String = "web", namespace: String = "test", metadata: String = "",
        status: String = "{}"
    ) -> String {
        let containers = images.enumerated().map { #"{"name":"c\#($0)","image":"\#($1)"}"# }.joined(separator: ",")
        return #"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","namespace":"\#(namespace)"\#(metadata)},
            "spec":{"containers":[\#(containers)]},"status":\#(status)}
            """#
    }

    static func deployment(_ image: String, name: String = "web", namespace: String = "test") -> String {
        #"""
        {"metadata":{"name":"\#(name)","namespace":"\#(namespace)"},"spec":{"replicas":2,"template":{"spec":
        {"containers":[{"name":"c","image":"\#(image)"}]}}}}
        """#
    }

    /// A review about a Pod.
    static func review(
        _ object: String, operation: String = "CREATE", name: String = "web", isDryRun: Bool = false
    ) throws -> AdmissionRequest {
        let text = #"""
            {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1-2-3","dryRun":\#(isDryRun),
            "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
            "name":"\#(name)","namespace":"test","operation":"\#(operation)","userInfo":{"username":"u"},
            "object":\#(object),"oldObject":null}}
            """#
        return try AdmissionRequest(Document(Array(text.utf8)))
    }

    func outcome(
        _ request: AdmissionRequest, _ phase: Phase, policies: PolicySnapshot
    ) async -> Outcome {
        await Evaluator(policies: policies, verifier: verifier)
            .evaluate(request, phase: phase, deadline: .now + .seconds(20))
    }
}

/// Waits until something holds; false when it does not within some seconds.
func eventually(_ holds: () -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if holds() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return holds()
}

import Admission
import Foundation
import HTTPClient
import LocalRegistry
import OpenSSL
import Policy
import Registry
import Verification

@testable import Rehearsal

/// A registry with a signed and an unsigned image, and policies about them.
struct Scene {
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
    func policy(_ name: String = "check-image", action: String = "Enforce", entry: String = "") -> String {
        let pem = key.publicKey.pem.split(separator: "\n").map { "        \($0)\n" }.joined()
        return """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata: {name: \(name)}
            spec:
              validationFailureAction: \(action)
              rules:
              - name: signed
                match: {any: [{resources: {kinds: [Pod]}}]}
                verifyImages:
                - image: "\(registry.host)/demo/*"
                  \(entry)
                  key: |-
            \(pem)
            """
    }

    func pod(_ images: String..., name: String = "web") -> String {
        let containers = images.enumerated().map { "{name: c\($0), image: \"\($1)\"}" }.joined(separator: ", ")
        return """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name)}
            spec: {containers: [\(containers)]}

            """
    }

    func rehearsal(_ policies: String..., shape: RequestShape = RequestShape()) throws -> Rehearsal {
        let files = PolicyFiles(reading: ["-"], standardInput: { Array(policies.joined(separator: "\n---\n").utf8) })
        let result = PolicyLoader.load(files)
        if let problem = result.problems.first { throw problem }
        return Rehearsal(
            evaluator: Evaluator(policies: result.snapshot ?? .empty, verifier: verifier), shape: shape,
            timeout: .seconds(20))
    }
}

func manifests(_ text: String) -> Manifests {
    Manifests(PolicyFiles(reading: ["-"], standardInput: { Array(text.utf8) }))
}

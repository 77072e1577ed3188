import JSON
import Testing

@testable import TestSupport

/// Attestations that real cosign makes, in both storage forms, under policies with conditions: each kind beside twins
/// that fail.
@Suite(.needsParts) struct AttestationTests {
    /// A kind of attestation, and a condition about it that holds.
    struct Kind: Sendable, CustomTestStringConvertible {
        let flag: String
        let predicateType: String
        let predicate: String
        let key: String
        let value: String

        var testDescription: String { flag }
    }

    static let kinds = [
        Kind(
            flag: "https://example.test/review/v1", predicateType: "https://example.test/review/v1",
            predicate: #"{"approved":"yes","reviewers":["alice","bob"]}"#, key: "{{ reviewers[0] }}", value: "alice"),
        Kind(
            flag: "vuln", predicateType: "https://cosign.sigstore.dev/attestation/vuln/v1",
            predicate:
                #"{"invocation":{"uri":"u"},"scanner":{"uri":"scanner","version":"2","db":{},"result":{"critical":0}},"#
                + #""metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:01Z"}}"#,
            key: "{{ scanner.uri }}", value: "scanner"),
        Kind(
            flag: "cyclonedx", predicateType: "https://cyclonedx.org/bom",
            predicate: #"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"zlib"}]}"#,
            key: "{{ components[0].name }}", value: "zlib"),
        Kind(
            flag: "slsaprovenance", predicateType: "https://slsa.dev/provenance/v0.2",
            predicate: #"{"builder":{"id":"https://builder.test"},"buildType":"make","invocation":{},"materials":[]}"#,
            key: "{{ builder.id }}", value: "https://builder.test"),
    ]

    private static func policy(_ image: String, type: String, key: String, condition: (key: String, value: String))
        -> String
    {
        """
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: {name: attested}
        spec:
          rules:
          - name: attested
            match: {any: [{resources: {kinds: [Pod]}}]}
            verifyImages:
            - imageReferences: ["\(image)"]
              failureAction: Enforce
              attestations:
              - type: \(type)
                attestors:
                - entries:
                  - keys:
                      publicKeys: |-
        \(Policies.indented(key, by: 16))
                conditions:
                - all:
                  - {key: "\(condition.key)", operator: Equals, value: "\(condition.value)"}
        """
    }

    private static func pod(_ image: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: app, image: "\(image)"}]}
        """
    }

    @Test(arguments: kinds, Cosign.Generation.allCases)
    func conditionsOfWhatCosignAttests(_ kind: Kind, by generation: Cosign.Generation) async throws {
        let world = try await World.shared()
        let folder = try TemporaryFolder("attestation")
        let cosign = try Cosign(generation, in: folder)
        let name = "attested/g\(generation.rawValue)-\(kind.predicateType.utf8.count)"
        let repository = "\(world.registry.host)/\(name)"
        let digest = try await world.pusher.image(name, "v1", label: kind.flag)
        _ = try await world.pusher.image(name, "plain", label: kind.flag + " plain")
        try await cosign.attest(
            "\(repository)@\(digest)", with: world.key, type: kind.flag, predicate: kind.predicate)

        func status(
            tag: String = "v1", type: String = kind.predicateType, key: CosignKey = world.key,
            value: String = kind.value
        ) async throws -> (status: Int32, output: String) {
            try folder.write(
                Self.policy("\(repository):*", type: type, key: key.publicPEM, condition: (kind.key, value)),
                to: "policy.yaml")
            try folder.write(Self.pod("\(repository):\(tag)"), to: "pod.yaml")
            let result = try await Command.run(
                Parts.countersign,
                ["apply", folder.path + "/policy.yaml", "--resource", folder.path + "/pod.yaml"], in: folder)
            return (result.status, result.output + result.errors)
        }

        let good = try await status()
        #expect(good.status == 0, "\(good.output)")
        for (twin, answer) in [
            ("a condition that is false", try await status(value: "something else")),
            ("another predicate type", try await status(type: "https://example.test/other/v1")),
            ("another key", try await status(key: world.otherKey)),
            ("an image without attestation", try await status(tag: "plain")),
        ] {
            #expect(answer.status == 1, "\(twin): \(answer.output)")
        }
    }
}

import Foundation
import Testing

@testable import TestSupport

/// Many at once: under load nobody slips through, and nobody is turned away who may come in.
@Suite(.needsCluster) struct CrowdTests {
    private static let podsOfEach = 250
    private static let clients = 10

    @Test func ofFiveHundredPodsAtOnceTheSignedAreAdmittedAndNoOthers() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        // Good and bad ones take turns, in several forms each.
        let good = ["signed2", "signed3", "both", "docker", "index2", "index3"]
        let bad = ["unsigned", "other2", "other3", "moved2", "moved3", "garbled", "empty"]
        var pods: [(name: String, tag: String)] = []
        for index in 0..<Self.podsOfEach {
            pods.append(("good-\(index)", good[index % good.count]))
            pods.append(("bad-\(index)", bad[index % bad.count]))
        }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<Self.clients {
                let manifests = pods.enumerated().filter { $0.offset % Self.clients == client }.map(\.element).map {
                    """
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: \($0.name), namespace: \(stage.namespace)}
                    spec: {containers: [{name: app, image: "\(stage.world.image($0.tag))"}]}
                    """
                }.joined(separator: "\n---\n")
                group.addTask {
                    let result = try await stage.developer.run(
                        ["create", "--validate=false", "-f", "-"], input: manifests, limit: .seconds(180))
                    // Every refusal is ours, and none is a call that failed.
                    for line in result.errors.split(separator: "\n") where line.contains("rror from server") {
                        #expect(line.contains("denied the request"), "\(line)\n\(replica.log.suffix(2000))")
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = start.duration(to: .now).components.seconds
        print("  \(pods.count) pods by \(Self.clients) clients: \(seconds) s")

        let stored = try await stage.developer.succeed(
            "get", "pods", "--namespace", stage.namespace, "-o",
            "jsonpath={range .items[*]}{.metadata.name} {.spec.containers[0].image}{\"\\n\"}{end}")
        let lines = Set(stored.split(separator: "\n").map(String.init))
        let expected = Set(
            pods.filter { $0.name.hasPrefix("good") }.map { "\($0.name) \(stage.pinned($0.tag))" })
        #expect(lines.subtracting(expected).isEmpty, "admitted, and should not be as they are")
        #expect(expected.subtracting(lines).isEmpty, "signed, and denied")
        try stage.expectNothingForbidden()
    }
}

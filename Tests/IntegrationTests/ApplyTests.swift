import Foundation
import JSON
import Testing

@testable import TestSupport

/// The command line of `countersign apply`: what it takes, what it prints where, and how it ends.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: Parts.countersign) || Parts.shouldRun))
struct ApplyTests {
    private let samples: SampleRegistry
    private let folder: TemporaryFolder

    init() throws {
        samples = try SampleRegistry()
        folder = try TemporaryFolder("apply")
    }

    private func apply(_ arguments: [String], input: String = "") async throws -> CommandResult {
        try await Command.run(Parts.countersign, ["apply"] + arguments, in: folder, input: Array(input.utf8))
    }

    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func json() async throws {
        let result = try await samples.run("apply", "one-key", "fail", ["--output", "json"])
        #expect(result.status == 1)
        let root = try Document(Array(result.output.utf8)).root
        let results = try #require(root["results"])
        #expect(results.count == 2)
        #expect(results[0]?["resource"]?["kind"]?.string == "Deployment")
        #expect(results[0]?["policy"]?.string == "one-key")
        #expect(results[0]?["rule"]?.string == "autogen-signed-by-example")
        #expect(results[0]?["result"]?.string == "pass")
        #expect(results[0]?["digest"]?.string?.hasPrefix("sha256:") == true)
        #expect(results[1]?["result"]?.string == "fail")
        #expect(results[1]?["message"]?.string?.contains("signature not found") == true)
        #expect(root["summary"]?["pass"]?.integer == 1)
        #expect(root["summary"]?["fail"]?.integer == 1)
    }

    @Test func whatPassesIsPinned() async throws {
        let result = try await samples.run("apply", "one-key", "pass", ["--output", "json"])
        #expect(result.status == 0)
        let patch = try #require(try Document(Array(result.output.utf8)).root["results"]?[0]?["patch"]?[0])
        #expect(patch["path"]?.string == "/spec/template/spec/containers/0/image")
        #expect(patch["value"]?.string?.contains(":v1@sha256:") == true)
    }

    @Test func junit() async throws {
        let result = try await samples.run("apply", "one-key", "fail", ["--output", "junit"])
        #expect(result.status == 1)
        #expect(result.output.hasPrefix("<?xml"))
        #expect(result.output.contains(#"tests="2" failures="1" errors="0" skipped="0""#))
    }

    @Test func standardInput() async throws {
        let (policy, pod) = (try samples.file("one-key.yaml"), try samples.file("resources/one-key/fail.yaml"))
        #expect(try await apply([policy, "--resource", "-"], input: try read(pod)).status == 1)
        #expect(try await apply(["-", "--resource", pod], input: try read(policy)).status == 1)
        #expect(try await apply(["-", "--resource", "-"], input: try read(policy)).status == 64)
    }

    @Test func whatCannotBeRead() async throws {
        let (policy, pod) = (try samples.file("one-key.yaml"), try samples.file("resources/one-key/pass.yaml"))
        let broken = try folder.write("apiVersion: [", to: "broken.yaml")
        let empty = try folder.write("# nothing\n", to: "empty.yaml")
        let refused = try folder.write(
            try read(policy).replacingOccurrences(of: "  rules:", with: "  nonsense: 1\n  rules:"), to: "refused.yaml")
        for (arguments, word) in [
            ([policy, "--resource", "/nowhere.yaml"], "/nowhere.yaml"), (["/nowhere", "--resource", pod], "/nowhere"),
            ([policy, "--resource", broken], "broken.yaml"), ([broken, "--resource", pod], "broken.yaml"),
            ([policy, "--resource", empty], "no resource"), ([empty, "--resource", pod], "no policy"),
            ([refused, "--resource", pod], "nonsense"), ([policy, "--resource", pod, "--old", broken], "broken.yaml"),
        ] {
            let result = try await apply(arguments)
            #expect(result.status == 2, "\(arguments): \(result)")
            #expect(result.errors.contains(word), "\(result)")
            #expect(result.output.isEmpty)
        }
    }

    @Test func usage() async throws {
        let (policy, pod) = (try samples.file("one-key.yaml"), try samples.file("resources/one-key/pass.yaml"))
        for arguments in [
            [], [policy], ["--resource", pod], [policy, "--resource", pod, "--output", "xml"],
            [policy, "--resource", pod, "--operation", "PATCH"], [policy, "--resource", pod, "--timeout", "0"],
        ] {
            let result = try await apply(arguments)
            #expect(result.status == 64, "\(arguments): \(result)")
        }
    }

    @Test func noColoursWhereNobodyLooks() async throws {
        let result = try await samples.run("apply", "one-key", "fail")
        #expect(!result.output.contains("\u{1B}"))
        #expect(result.errors.isEmpty)
    }

    @Test func theRequestIsShapedByFlags() async throws {
        let (policy, pod) = (try samples.file("one-key.yaml"), try samples.file("resources/one-key/fail.yaml"))
        #expect(try await apply([policy, "--resource", pod, "--operation", "DELETE"]).status == 0)
        #expect(try await apply([policy, "--resource", pod, "--operation", "update"]).status == 1)
        let old = try folder.write(
            try read(pod).replacingOccurrences(
                of: "  name: web", with: "  name: web\n  deletionTimestamp: \"2026-01-01T00:00:00Z\""), to: "old.yaml")
        #expect(try await apply([policy, "--resource", pod, "--old", old]).status == 0)
    }

    @Test func namespacesByFlag() async throws {
        let policy = try samples.file("audit-and-enforce.yaml")
        let pod = try folder.write(
            try read(try samples.file("resources/audit-and-enforce/fail.yaml")).replacingOccurrences(
                of: "  namespace: prod-eu\n", with: ""), to: "pod.yaml")
        #expect(try await apply([policy, "--resource", pod, "--namespace", "dev"]).status == 0)
        #expect(try await apply([policy, "--resource", pod, "--namespace", "prod"]).status == 1)
    }
}

import Foundation
import Testing

@testable import TestSupport

/// `countersign explain`: the question "why was my pod denied?" has an answer in one command.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: Parts.countersign) || Parts.shouldRun))
struct ExplainTests {
    private let samples: SampleRegistry

    init() throws { samples = try SampleRegistry() }

    @Test func aDeniedDeploymentFitsOneScreen() async throws {
        let result = try await samples.run("explain", "one-key", "fail")
        #expect(result.status == 1, "\(result)")
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 24)
        #expect(lines.first == "Deployment/default/web would be denied.")
        #expect(result.output.contains("fail: one-key/autogen-signed-by-example: signature not found"))
        #expect(result.output.contains("nothing there"))
        #expect(result.output.contains("looks at it (Enforce)"))
        #expect(!result.output.contains("\u{1B}"))
    }

    @Test func anAdmittedOne() async throws {
        let result = try await samples.run("explain", "one-key", "pass")
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("would be admitted"))
        #expect(result.output.contains("verified"))
    }

    @Test func whatCannotBeRead() async throws {
        let folder = try TemporaryFolder("explain")
        let result = try await Command.run(
            Parts.countersign, ["explain", try samples.file("one-key.yaml"), "--resource", "/nowhere"], in: folder)
        #expect(result.status == 2)
    }
}

import Foundation
import Testing

@testable import TestSupport

/// Every sample in policies/, through the real `countersign apply`: what it says it admits, and what it says it denies.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: Parts.countersign) || Parts.shouldRun))
struct SampleTests {
    private static let samples = Result { try SampleRegistry() }

    @Test func thereAreEnough() { #expect(SampleRegistry.names.count >= 10) }

    @Test(arguments: SampleRegistry.names) func admits(name: String) async throws {
        let result = try await Self.samples.get().run("apply", name, "pass")
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("nothing would be denied"))
        // It is admitted because it was looked at, not because nobody looked.
        #expect(result.output.contains("pass"), "\(result)")
        #expect(try SampleRegistry.text("resources/\(name)/pass.yaml").hasPrefix("# Admitted: "))
    }

    @Test(arguments: SampleRegistry.names) func denies(name: String) async throws {
        let result = try await Self.samples.get().run("apply", name, "fail")
        #expect(result.status == 1, "\(result)")
        // The first line says why, in words of the message.
        let line = try SampleRegistry.text("resources/\(name)/fail.yaml").prefix { $0 != "\n" }
        #expect(line.hasPrefix("# Denied: "))
        #expect(result.output.contains(line.dropFirst("# Denied: ".count)), "\(result)")
    }
}

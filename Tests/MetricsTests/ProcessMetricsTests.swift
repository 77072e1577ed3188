import Foundation
import Testing

@testable import Metrics

@Suite struct ProcessMetricsTests {
    @Test func thisProcess() throws {
        let text = String(decoding: MetricsRegistry().render(), as: UTF8.self)
        func value(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try (1_000_000...100_000_000_000).contains(value("process_resident_memory_bytes")))
        #expect(try value("process_cpu_seconds_total") >= 0)
        #expect(try value("process_open_fds") >= 3)
        let age = try Date().timeIntervalSince1970 - value("process_start_time_seconds")
        // The kernel gives its own start in whole seconds.
        #expect((-2...86_400).contains(age))
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\n"))
    }

    @Test func aCommandMayHoldAnything() throws {
        let text = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 400 1000 25 0\n"
        let status = try #require(ProcessMetrics.Status(parsing: text, ticksPerSecond: 100, pageBytes: 4096))
        #expect(status.cpuSeconds == 2)
        #expect(status.residentBytes == 25 * 4096)
        #expect(status.startAfterKernel == 4)
    }

    @Test(arguments: ["", "7 (a", "7 (a) S 1 2", "7 (a) S 1 2 3 4 5 6 7 8 9 10 x 50 0 0 20 0 1 0 400 1000 25 0"])
    func otherTexts(text: String) {
        #expect(ProcessMetrics.Status(parsing: text, ticksPerSecond: 100, pageBytes: 4096) == nil)
    }

    @Test func aSystemWithoutProc() {
        var writer = ExpositionWriter()
        ProcessMetrics(processFolder: "/nonexistent", statisticsFile: "/nonexistent").write(to: &writer)
        #expect(writer.bytes.isEmpty)
    }
}

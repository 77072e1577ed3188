import Glibc
import JSON
import Testing

@testable import Admission

@Suite("Log lines")
struct LogTests {
    private func line(_ format: LogLine.Format, _ value: String) -> String {
        var bytes: [UInt8] = []
        LogLine(time: "T", level: "info", message: "decision", fields: [("image", .text(value)), ("empty", .text(""))])
            .append(to: &bytes, as: format)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Values that need it are quoted, empty ones left out")
    func text() {
        #expect(line(.text, "nginx:1") == "T info decision image=nginx:1\n")
        #expect(line(.text, "a b\"c") == "T info decision image=\"a b'c\"\n")
    }

    @Test("No value can forge a line", arguments: LogLine.Format.allCases)
    func forgery(format: LogLine.Format) {
        let text = line(format, "x\nT info decision verdict=allowed\u{1B}[2J\u{2028}")
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{2028}"))
    }

    @Test("A JSON line is JSON")
    func json() throws {
        let document = try Document(Array(line(.json, "a\"b\\").utf8.dropLast()))
        #expect(document.root["image"]?.string == "a\"b\\")
        #expect(document.root["empty"] == nil)
    }

    @Test("A log nobody reads drops lines and counts them, and never blocks")
    func bounded() {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let sink = LogSink(descriptor: ends[1])
        let line = [UInt8](repeating: 0x61, count: 100_000)
        for _ in 0..<200 { sink.write(line, lines: 3) }
        #expect(sink.droppedLines > 0)
        // The ends stay open: closing the one that nobody reads would raise SIGPIPE in the writer.
    }
}

import JSON
import Testing

@testable import Kubernetes

private func nested(_ depth: Int) -> String {
    String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
}

@Suite("Reading objects")
struct ReaderTests {
    @Test("An object that is too deep, or ambiguous, is handed on as a stub, and the others whole")
    func stubs() throws {
        let deep =
            #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"deep","uid":"u","resourceVersion":"3","generation":2,"annotations":\#(nested(500))},"spec":\#(nested(500))}"#
        let twice = #"{"kind":"ClusterPolicy","metadata":{"name":"twice"},"spec":{"a":1,"a":2}}"#
        let fine = #"{"kind":"ClusterPolicy","metadata":{"name":"fine"},"spec":{"a":1}}"#
        let page = try ObjectReader.page(
            Array(#"{"metadata":{"resourceVersion":"4"},"items":[\#(deep),\#(twice),\#(fine)]}"#.utf8), .clusterPolicies
        )
        let stub =
            #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"deep","uid":"u","resourceVersion":"3","generation":2}}"#
        #expect(
            page.items.map(\.description) == [stub, #"{"kind":"ClusterPolicy","metadata":{"name":"twice"}}"#, fine])
        guard case .added(let object) = try ObjectReader.event(Array(#"{"type":"ADDED","object":\#(deep)}"#.utf8))
        else {
            Issue.record("no ADDED")
            return
        }
        #expect(object.description == stub)
    }

    @Test(
        "What is no list is refused", arguments: ["[]", "{}", #"{"items":1}"#, #"{"items":[1]}"#, #"{"items":[{}"#, ""])
    func lists(text: String) {
        #expect(throws: APIFailure.self) { try ObjectReader.page(Array(text.utf8), .pods) }
    }

    @Test("Lines are found however they are cut", arguments: 1...7)
    func lines(size: Int) throws {
        let text = Array("one\n\n  \ntwo\nthree".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            splitter.append(Array(text[start..<min(start + size, text.count)]))
            while let line = try splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(lines == ["one", "two"])
        #expect(splitter.hasRest)
        splitter.append([0x0A])
        #expect(try splitter.next().map { String(decoding: $0, as: UTF8.self) } == "three")
        #expect(try splitter.next() == nil)
        #expect(!splitter.hasRest)
    }

    @Test("A line without an end is refused before it fills the memory")
    func endless() throws {
        var splitter = LineSplitter()
        splitter.append(Array(repeating: 0x41, count: ClientLimits.maximumObjectBytes))
        #expect(try splitter.next() == nil)
        splitter.append([0x41])
        #expect(throws: APIFailure.self) { try splitter.next() }
    }

    @Test(
        "Times are read as RFC 3339 has them",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T05:59:10Z", 1_795_413_550),
            ("2024-02-29T23:59:59.123456z", 1_709_251_199),
            ("2026-11-23T07:59:10+02:00", 1_795_413_550), ("2026-11-22t23:29:10.5-06:30", 1_795_413_550),
        ])
    func times(text: String, seconds: Int) {
        #expect(UnixTime.seconds(rfc3339: text) == seconds)
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", "now", "2026-11-23", "2026-11-23 05:59:10Z", "2026-13-01T00:00:00Z", "2026-11-23T25:00:00Z",
            "2026-11-23T05:59:10", "2026-11-23T05:59:10.Z", "2026-11-23T05:59:10+0200", "2026-11-23T05:59:10Zulu",
            "2026-11-23T05:59:10.", "-026-11-23T05:59:10Z",
        ])
    func noTimes(text: String) {
        #expect(UnixTime.seconds(rfc3339: text) == nil)
    }
}

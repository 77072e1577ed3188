import Foundation
import JSON
import OCI
import Testing

@testable import Rehearsal

/// What programs read of a report.
@Suite struct ReportTests {
    private static let digest = Digest(of: [])
    private static let rows: [Row] = {
        let resource = Resource(kind: "Pod", namespace: "test", name: "web")
        var passed = resource.row(
            policy: "p", rule: "r", image: "a:1", result: .pass, message: "", digest: digest)
        passed.patch = [.replace(Pointer(tokens: ["spec", "containers", "0", "image"]), string: "a:1@\(digest)")]
        return [
            passed,
            resource.row(
                policy: "p", rule: "r", image: "b:1", result: .fail, message: "it's <not> \"signed\" & \u{1B}[31mred",
                denies: true),
            resource.row(policy: "q", rule: "r", image: "b:1", result: .fail, message: "audited"),
            resource.row(policy: "q", rule: "s", image: nil, result: .skip, message: "no image"),
            Resource(kind: "Node", namespace: "", name: "n").row(
                policy: "q", rule: "s", image: "c", result: .error, message: "timed out", denies: true),
        ]
    }()
    private let report = Report(rows: rows, denials: [], warnings: [])

    @Test func json() throws {
        let root = try Document(report.json).root
        let results = try #require(root["results"])
        #expect(results.count == 5)
        #expect(results[0]?["resource"]?["kind"]?.string == "Pod")
        #expect(results[0]?["resource"]?["namespace"]?.string == "test")
        #expect(results[0]?["resource"]?["name"]?.string == "web")
        #expect(results[0]?["image"]?.string == "a:1")
        #expect(results[0]?["digest"]?.string == "\(Self.digest)")
        #expect(results[0]?["patch"]?[0]?["value"]?.string == "a:1@\(Self.digest)")
        #expect(results[1]?["result"]?.string == "fail")
        #expect(results[1]?["denies"]?.boolean == true)
        #expect(results[2]?["denies"]?.boolean == false)
        #expect(results[3]?["image"] == nil)
        let summary = try #require(root["summary"])
        for (result, count) in [("pass", 1), ("fail", 2), ("skip", 1), ("error", 1)] {
            #expect(summary[result]?.integer == count)
        }
    }

    @Test func junit() throws {
        let xml = report.junit
        #expect(xml.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "))
        #expect(xml.contains(#"<testsuites name="countersign apply" tests="5" failures="1" errors="1" skipped="2">"#))
        #expect(xml.contains(#"<testsuite name="Pod/test/web" tests="4" failures="1" errors="0" skipped="2">"#))
        #expect(xml.contains(#"message="it's &lt;not&gt; &quot;signed&quot; &amp;  [31mred""#))
        #expect(xml.contains(#"<skipped message="reported, not denied: audited">"#))
        #expect(xml.contains(#"<error message="timed out" type="error">timed out</error>"#))
    }

    @Test func junitOfNothing() {
        let xml = Report(rows: [], denials: [], warnings: []).junit
        #expect(xml.contains(#"tests="0" failures="0" errors="0" skipped="0">"#))
    }

    @Test func theWorstIsTold() {
        var row = Self.rows[0]
        row.merge(Self.rows[2])
        #expect((row.result, row.message, row.denies) == (.fail, "audited", false))
        row.merge(Self.rows[4])
        #expect((row.result, row.message, row.denies) == (.error, "timed out", true))
        row.merge(Self.rows[0])
        #expect(row.message == "timed out")
    }
}

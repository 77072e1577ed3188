import Admission

extension Report {
    /// A JUnit file, as continuous integration reads it: a suite for each resource, a case for each row.
    ///
    /// What would not be denied does not fail a pipeline: a failure under Audit is a skipped case that says so.
    public var junit: String {
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        text += Self.open("testsuites", [("name", "countersign apply")] + Self.counts(rows)) + "\n"
        var suites: [(resource: String, rows: [Row])] = []
        var indexes: [String: Int] = [:]
        for row in rows {
            if let index = indexes[row.resource] {
                suites[index].rows.append(row)
            } else {
                indexes[row.resource] = suites.count
                suites.append((row.resource, [row]))
            }
        }
        for suite in suites {
            text += "  " + Self.open("testsuite", [("name", suite.resource)] + Self.counts(suite.rows)) + "\n"
            for row in suite.rows { text += Self.testCase(row) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func counts(_ rows: [Row]) -> [(String, String)] {
        [
            ("tests", "\(rows.count)"),
            ("failures", "\(rows.count { $0.denies && $0.result == .fail })"),
            ("errors", "\(rows.count { $0.denies && $0.result != .fail })"),
            ("skipped", "\(rows.count { !$0.denies && $0.result != .pass })"),
        ]
    }

    private static func testCase(_ row: Row) -> String {
        let name = row.image.map { "\(row.rule) \($0)" } ?? row.rule
        let start =
            "    "
            + open("testcase", [("classname", "\(row.resource).\(row.policy)"), ("name", name), ("time", "0")])
        switch (row.denies, row.result) {
        case (true, .fail):
            return "\(start)\n      \(open("failure", [("message", row.message), ("type", "denied")]))"
                + "\(escaped(row.message))</failure>\n    </testcase>\n"
        case (true, _):
            return "\(start)\n      \(open("error", [("message", row.message), ("type", "error")]))"
                + "\(escaped(row.message))</error>\n    </testcase>\n"
        case (false, .pass):
            return start + "</testcase>\n"
        case (false, _):
            let message = row.result == .skip ? row.message : "reported, not denied: " + row.message
            return "\(start)\n      \(open("skipped", [("message", message)]))</skipped>\n    </testcase>\n"
        }
    }

    private static func open(_ element: String, _ attributes: [(String, String)]) -> String {
        "<\(element)\(attributes.map { " \($0)=\"\(escaped($1))\"" }.joined())>"
    }

    /// Source: XML 1.0, 2.2 and 2.4. Control characters cannot be written at all, and become spaces.
    private static func escaped(_ text: String) -> String {
        printable(text, limit: maximumTextLength).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    /// Longest text of an attribute, in characters: as much as anybody reads.
    private static let maximumTextLength = 4096
}

import JMESPath
import Testing

@Suite struct SemanticVersionTests {
    @Test func ordersAsTheSpecificationDoes() throws {
        let texts = [
            "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0",
        ]
        let versions = try texts.map { try #require(SemanticVersion($0)) }
        for (left, right) in zip(versions, versions.dropFirst()) {
            #expect(left < right && !(right < left) && left != right)
        }
        #expect(versions.map(\.description) == texts)
        #expect(SemanticVersion("1.0.0+a") == SemanticVersion("1.0.0+b"))
    }

    @Test(arguments: [
        "", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3-é", "1.2.3+", "1.2.x",
        "-1.2.3", "1.2.3 ", "99999999999999999999.0.0",
    ])
    func refuses(_ text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    static let ranges: [(range: String, inside: [String], outside: [String])] = [
        ("1.2.3", ["1.2.3"], ["1.2.4", "1.2.3-rc"]), ("==1.2.3", ["1.2.3"], ["1.2.4"]),
        ("!=1.2.3", ["1.2.4"], ["1.2.3"]), (">1.0.0", ["1.0.1"], ["1.0.0"]), ("> 1.0.0", ["1.0.1"], ["1.0.0"]),
        (">=1.0.0 <=2.0.0", ["1.0.0", "2.0.0"], ["2.0.1", "1.0.0-rc"]),
        ("<1.0.0||>2.0.0", ["0.9.0", "2.0.1"], ["1.5.0"]),
        ("4.1.x", ["4.1.0", "4.1.9"], ["4.2.0", "4.0.9"]), ("4.x", ["4.0.0", "4.9.9"], ["5.0.0"]),
        ("!4.1.x", ["4.2.0", "4.0.0"], ["4.1.3"]), (">4.1.x", ["4.2.0"], ["4.1.9"]), (">=4.1.x", ["4.1.0"], ["4.0.9"]),
        ("<4.1.x", ["4.0.9"], ["4.1.0"]), ("<=4.1.x", ["4.1.9"], ["4.2.0"]), ("x", ["0.0.0", "9.9.9"], []),
        ("x.x.x", ["1.0.0"], []), ("<x", [], ["1.0.0"]), ("!x", [], ["1.0.0"]),
    ]

    @Test(arguments: ranges)
    func contains(_ text: String, _ inside: [String], _ outside: [String]) throws {
        let range = try #require(VersionRange(text))
        for version in inside {
            #expect(range.contains(try #require(SemanticVersion(version))), "\(version) in \(text)")
        }
        for version in outside {
            #expect(!range.contains(try #require(SemanticVersion(version))), "\(version) in \(text)")
        }
    }

    @Test(arguments: [
        "", "  ", "1.2", "~1.2.3", "^1.0.0", "1.x.3", "=>1.0.0", ">", "1.0.0 ||", "|| 1.0.0", "1.0.0 | 2.0.0", "a.x",
        "1.2.x-rc",
    ])
    func refusesRange(_ text: String) {
        #expect(VersionRange(text) == nil)
    }
}

import JSON
import Testing
import YAML

@Suite struct YAMLTests {
    private static func json(_ text: String) throws -> [String] {
        try YAML.documents(Array(text.utf8)).map(\.root.description)
    }

    @Test func readsDocuments() throws {
        let text = "# only this\n---\na: 1\n---\n# nothing\n---\n- x\n- {b: [yes]}\n---\n...\n---\n~\n"
        #expect(try Self.json(text) == [#"{"a":1}"#, #"["x",{"b":[true]}]"#])
        #expect(try Self.json("") == [])
        #expect(try Self.json("# comment\n") == [])
        #expect(try Self.json("\u{FEFF}a: 1\nb: 2\n") == [#"{"a":1,"b":2}"#])
        #expect(try Self.json("\u{FEFF}{\"a\":1}") == [#"{"a":1}"#])
        #expect(try Self.json("a: 1\r\nb: 2\r\n") == [#"{"a":1,"b":2}"#])
    }

    @Test func readsJSON() throws {
        #expect(try Self.json(#" {"a": "\ud83d\udc33", "b": 1.50}"#) == [#" {"a": "\ud83d\udc33", "b": 1.50}"#.trimmed])
        let long = String(repeating: "k", count: 2000)
        #expect(try Self.json("{\"\(long)\": 1}") == ["{\"\(long)\": 1}"])
        #expect(try Self.json("{\"a\": 1}\n---\n{\"b\": [2]}\n") == [#"{"a":1}"#, #"{"b":[2]}"#])
        #expect(try Self.json("{\n\t\"a\":\t1\n}") == ["{\n\t\"a\":\t1\n}"])
        #expect(throws: YAMLError.self) { try Self.json(#"{"a": 1, "a": 2}"#) }
        #expect(throws: YAMLError.self) { try Self.json(#"{"a": 1, "\u0061": 2}"#) }
        #expect(try Self.json("{a: b, c}") == [#"{"a":"b","c":null}"#])
    }

    @Test(
        arguments: [
            // Words
            ("yes", "true"), ("No", "false"), ("on", "true"), ("OFF", "false"), ("y", "true"), ("N", "false"),
            ("True", "true"), ("yEs", #""yEs""#), ("~", "null"), ("Null", "null"), ("", "null"), ("nil", #""nil""#),
            // Integers
            ("0", "0"), ("-0", "0"), ("+12", "12"), ("-12", "-12"), ("1_000", "1000"), ("0o17", "15"), ("017", "15"),
            ("-017", "-15"), ("0x1F", "31"), ("-0x1f", "-31"), ("0b101", "5"), ("-0b101", "-5"), ("+0x10", "16"),
            ("0x_0A_74_AE", "685230"), ("00", "0"), ("0xFFFFFFFFFFFFFFFF", "18446744073709551615"),
            ("-0x8000000000000000", "-9223372036854775808"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-98765432109876543210", "-98765432109876543210"),
            // Floats
            ("1.5", "1.5"), (".5", "0.5"), ("-.5", "-0.5"), ("+1.5", "1.5"), ("1.", "1"), ("1e3", "1e3"),
            ("1E+3", "1e+3"),
            ("1.5e-7", "1.5e-7"), ("01.50", "1.50"), ("08", "8"), ("685_230.15", "685230.15"), ("1e-400", "1e-400"),
            // Neither
            ("1e400", #""1e400""#), ("0x", #""0x""#), ("0xG", #""0xG""#), ("-", nil), ("+", #""+""#),
            ("1.2.3", #""1.2.3""#),
            ("12:30", #""12:30""#), ("190:20:30", #""190:20:30""#), ("._5", #""._5""#), ("_1", #""_1""#),
            ("50cent", #""50cent""#), ("1e", #""1e""#), ("1e+", #""1e+""#), (".e1", #"".e1""#), ("0x1p4", #""0x1p4""#),
            ("v1.20", #""v1.20""#), ("nginx:1.27", #""nginx:1.27""#),
            // Timestamps
            ("2026-11-23", #""2026-11-23""#), ("2026-11-23T02:00:00Z", #""2026-11-23T02:00:00Z""#),
            ("2026-11-23 02:00:00", #""2026-11-23 02:00:00""#),
            // Quotes and tags
            (#""yes""#, #""yes""#), ("'12'", #""12""#), ("''", #""""#), ("!!str 12", #""12""#), ("! yes", #""yes""#),
            ("!!int '12'", "12"), ("!!int 0x10", "16"), ("!!bool 'on'", "true"), ("!!null ''", "null"),
            ("!!float 1", "1"), ("!!float '1.5'", "1.5"), ("!!timestamp 2026-11-23", #""2026-11-23""#),
            ("!!seq [1]", "[1]"), ("!!map {a: 1}", #"{"a":1}"#),
            (#""\u00e9\x41\0\n""#, #""éA\u0000\n""#), ("<<", #""<<""#), ("=", #""=""#),
        ] as [(String, String?)])
    func resolves(_ scalar: String, _ expected: String?) throws {
        guard let expected else {
            #expect(throws: YAMLError.self) { try Self.json("v: \(scalar)\n  x") }
            return
        }
        #expect(try Self.json("v: \(scalar)\n") == ["{\"v\":\(expected)}"])
    }

    @Test func readsBlocks() throws {
        let text = "a: |\n  one\n   two\n\nb: |-\n  one\n\nc: >\n  one\n  two\n\n  three\nd: |+\n  x\n\n"
        #expect(
            try Self.json(text)
                == [#"{"a":"one\n two\n","b":"one","c":"one two\nthree\n","d":"x\n\n"}"#])
        #expect(try Self.json("a: |\n  12\nb: >-\n  yes\n") == [#"{"a":"12\n","b":"yes"}"#])
    }

    @Test func readsKeys() throws {
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM
            5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==
            -----END PUBLIC KEY-----
            """
        let lines = pem.split(separator: "\n").map { "              \($0)\n" }.joined()
        let text = "spec:\n  rules:\n  - verifyImages:\n    - attestors:\n      - entries:\n        - keys:\n"
        for (indicator, end) in [("|-", ""), ("|", "\n")] {
            let root = try #require(
                try YAML.documents(Array("\(text)            publicKeys: \(indicator)\n\(lines)".utf8)).first
            )
            .root
            let entry = root["spec"]?["rules"]?[0]?["verifyImages"]?[0]?["attestors"]?[0]?["entries"]?[0]
            #expect(entry?["keys"]?["publicKeys"]?.string == pem + end)
        }
    }

    @Test func makesKeysText() throws {
        #expect(
            try Self.json("1: a\n0x10: b\nyes: c\noff: d\n2026-11-23: e\n'no': f\nx: g\n")
                == [#"{"1":"a","16":"b","true":"c","false":"d","2026-11-23":"e","no":"f","x":"g"}"#])
    }

    @Test func followsAliases() throws {
        #expect(
            try Self.json("a: &x [1, {b: 2}]\nc: *x\nd: *x\n") == [
                #"{"a":[1,{"b":2}],"c":[1,{"b":2}],"d":[1,{"b":2}]}"#
            ])
        #expect(try Self.json("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == [#"{"a":1,"b":1,"c":2,"d":2}"#])
    }

    @Test func merges() throws {
        let base = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\n"
        func merged(_ text: String) throws -> String? {
            try YAML.documents(Array((base + text).utf8)).first?.root["z"]?.description
        }
        #expect(try merged("z:\n  <<: *x\n  d: 5\n") == #"{"a":1,"b":2,"d":5}"#)
        #expect(try merged("z:\n  <<: *x\n  b: 5\n") == #"{"a":1,"b":5}"#)
        // Of a list the first wins.
        #expect(try merged("z:\n  <<: [*x, *y]\n") == #"{"a":1,"b":2,"c":4}"#)
        #expect(try merged("z: {<<: {<<: *y, b: 6}, c: 7}\n") == #"{"b":6,"c":7}"#)
        #expect(try merged("z:\n  b: 5\n  <<: {q: 1}\n") == #"{"b":5,"q":1}"#)
        #expect(try merged("z: {'<<': 1}\n") == #"{"<<":1}"#)
        let late = #expect(throws: YAMLError.self) { try merged("z:\n  b: 5\n  <<: *x\n") }
        #expect(late == YAMLError(.keyBeforeMerge("b"), line: 5, column: 3))
        #expect(throws: YAMLError(.mergeOfNoMapping, line: 4, column: 7)) { try merged("z:\n  <<: 1\n") }
        #expect(throws: YAMLError(.mergeOfNoMapping, line: 4, column: 8)) { try merged("z:\n  <<: [1]\n") }
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "line 1, column 1: duplicate key \"a\""),
        ("x:\n  'a': 1\n  a: 3\n", "line 2, column 3: duplicate key \"a\""),
        ("1: a\n'1': b\n", "line 1, column 1: duplicate key \"1\""),
        ("yes: a\non: b\n", "line 2, column 1: duplicate key \"true\""),
        ("a:\n  ~: b\n", "line 2, column 3: the key ~ must be in quotes"),
        ("1.20: b\n", "line 1, column 1: the key 1.20 must be in quotes"),
        ("a: .inf\n", "line 1, column 4: .inf is not a number that JSON has"),
        ("a: -.INF\n", "line 1, column 4: -.INF is not a number that JSON has"),
        ("a: .NaN\n", "line 1, column 4: .NaN is not a number that JSON has"),
        (
            "a: 0x10000000000000000\n",
            "line 1, column 4: 0x10000000000000000 has more than 64 bits; write it in decimal"
        ),
        ("a: !!int x\n", "line 1, column 4: \"x\" is not a value of the tag tag:yaml.org,2002:int"),
        ("a: !!binary aGk=\n", "line 1, column 4: unsupported tag tag:yaml.org,2002:binary"),
        ("a: !foo x\n", "line 1, column 4: unsupported tag !foo"),
        ("a: !!set {x}\n", "line 1, column 4: unsupported tag tag:yaml.org,2002:set"),
        ("? [a]\n: b\n", "line 1, column 3: a list or mapping as a key"),
        ("a: [1\nb: 2\n", "line 2, column 2: while parsing a flow sequence: did not find expected ',' or ']'"),
        ("a: *b\n", "line 1, column 4: found undefined alias"),
        ("a: &b [*b]\n", "line 1, column 8: found undefined alias"),
        ("a: b: c\n", "line 1, column 5: mapping values are not allowed in this context"),
        (
            "a:\n\t- b\n",
            "line 2, column 1: while scanning for the next token: found character that cannot start any token"
        ),
    ])
    func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: YAMLError.self) { try Self.json(text) }
        #expect(error?.description == message)
    }

    @Test func refusesInvalidBytes() {
        let error = #expect(throws: YAMLError.self) { try YAML.documents(Array("a: b\nc: é".utf8) + [0xFF]) }
        #expect(error == YAMLError(.invalidUTF8, line: 2, column: 5))
        let control = #expect(throws: YAMLError.self) { try Self.json("a: b\nc: x\u{1}y\n") }
        #expect(control?.line == 2)
        #expect(throws: YAMLError.self) { try Self.json("a: \"\\ud800\"\n") }
    }

    @Test func boundsBytes() {
        let text = [UInt8](repeating: UInt8(ascii: "#"), count: YAML.maximumBytes + 1)
        #expect(throws: YAMLError(.tooLong(limit: YAML.maximumBytes))) { try YAML.documents(text) }
        #expect(throws: Never.self) { try YAML.documents(text.dropLast()) }
    }

    @Test func boundsDepth() throws {
        func nested(_ depth: Int) -> String {
            "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try Self.json(nested(127))
        for depth in [128, 500, 900, 5000, 1_000_000] {
            #expect(throws: YAMLError.self) { try Self.json(nested(depth)) }
        }
        for piece in ["- ", "? ", "- ? ", "a:\n"] {
            #expect(throws: YAMLError.self) { try Self.json(String(repeating: piece, count: 50_000) + "[") }
        }
        let lines = (0..<980).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(throws: YAMLError.self) { try Self.json(lines) }
        // Lists at the indentation of their key nest two deep for each level that the parser counts.
        let mixed = (0..<480).map { String(repeating: " ", count: $0 * 2) + "- a:\n" }.joined()
        #expect(throws: YAMLError.self) { try Self.json(mixed) }
    }

    @Test func boundsAliases() {
        func bomb(_ first: String, _ level: (Int) -> String) -> String {
            "a0: &a0 \(first)\n" + (1..<60).map { "a\($0): &a\($0) \(level($0 - 1))\n" }.joined()
        }
        let lists = bomb("[x, x]") { "[*a\($0), *a\($0), *a\($0)]" }
        #expect(throws: YAMLError.self) { try Self.json(lists) }
        let empties = bomb("[]") { "[*a\($0), *a\($0)]" }
        #expect(throws: YAMLError.self) { try Self.json(empties) }
        let maps = bomb("{x: x}") { "{p: *a\($0), q: *a\($0)}" }
        #expect(throws: YAMLError.self) { try Self.json(maps) }
        let merges = bomb("{x: x}") { "{<<: [*a\($0), *a\($0)]}" }
        #expect(throws: YAMLError.self) { try Self.json(merges) }
        let long =
            "a: &a \(String(repeating: "x", count: 1_000_000))\nb: [" + String(repeating: "*a,", count: 30) + "]\n"
        let error = #expect(throws: YAMLError.self) { try Self.json(long) }
        #expect(error?.reason == .expandsTooFar(limit: YAML.maximumExpandedBytes))
    }

    @Test func boundsDirectives() throws {
        #expect(try Self.json("%YAML 1.1\n%TAG !y! tag:yaml.org,2002:\n---\nv: !y!int '1'\n") == [#"{"v":1}"#])
        let many = (0..<101).map { "%TAG !e\($0)! tag:e\n" }.joined() + "--- 1\n"
        #expect(throws: YAMLError(.tooManyDirectives(limit: 100))) { try Self.json(many) }
    }

    @Test func boundsValues() throws {
        let many = String(repeating: "- 1\n", count: YAML.maximumValues)
        let error = #expect(throws: YAMLError.self) { try Self.json(many) }
        #expect(error?.reason == .tooManyValues(limit: YAML.maximumValues))
    }

    /// Each of these would have the YAML library hash a key of exponential size.
    @Test(arguments: [
        "{? *a : x}", "{?*a : x}", "{*a : x}", "{[*a]: x}", "{{b: *a} : x}", "\n  ? *a\n  : x", "\n  *a : x",
    ])
    func boundsAliasesInKeys(_ key: String) {
        let levels = "a: &a [x]\n" + String(repeating: "b: &a [*a, *a]\n", count: 1).split(separator: "\n").joined()
        let bomb = (0..<60).map { "l\($0): &a [*a, *a, *a]\n" }.joined()
        let error = #expect(throws: YAMLError.self) { try Self.json(levels + "\n" + bomb + "k: " + key + "\n") }
        #expect(error?.reason == .collectionKeyBesideAliases)
    }

    @Test func takesQuestionsAndStarsForText() throws {
        #expect(try Self.json("# why? *\nimage: '*'\nb: what? no\nc: ghcr.io/*\n") != [])
        #expect(try Self.json("a: &a 1\nb: *a\nc: 'x?'\nd: '*'\n") != [])
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}

import JMESPath
import JSON
import Testing

@Suite struct QueryTests {
    // MARK: Undefined and null

    static let definitions: [(query: String, isDefined: Bool)] = [
        ("a", true), ("missing", false), ("a.missing", false), ("a.missing.b", false), ("n", true), ("n.b", true),
        ("missing || 'x'", true), ("missing || a.missing", true), ("a && missing", false), ("missing && a", true),
        ("!missing", true), ("missing == `1`", true),
        ("length(missing || '')", true), ("type(missing)", true), ("missing | @", true), ("[missing]", true),
        ("{b: missing}", true), ("missing[0]", false), ("list[5]", true), ("list[*].missing", true),
        ("missing[*]", true), ("(a.missing)", false), ("s.missing", true),
    ]

    @Test(arguments: definitions)
    func tellsUndefinedFromNull(_ query: String, _ isDefined: Bool) throws {
        let document = try Document(text: #"{"a": {"b": 1}, "n": null, "list": [{}], "s": "text"}"#)
        let result = try Query(parsing: query).resolve(Node(document.root))
        #expect((result != nil) == isDefined, "\(query)")
    }

    // MARK: Bounds

    @Test func boundsLengthAndDepth() {
        #expect(Evaluating.error(String(repeating: "a", count: Query.maximumLength + 1)) == "too-large")
        for (prefix, suffix) in [("(", ")"), ("[", "]"), ("!", ""), ("a[?", "]"), ("length(", ")"), ("a[*].{b:", "}")] {
            let deep = { String(repeating: prefix, count: $0) + "a" + String(repeating: suffix, count: $0) }
            #expect(Evaluating.error(deep(1_000)) == "too-large", "\(prefix)")
            #expect(Evaluating.error(deep(30)) != "too-large" && Evaluating.error(deep(30)) != "syntax", "\(prefix)")
        }
        #expect(Evaluating.error("a" + String(repeating: "[]", count: 1_000)) == "too-large")
        #expect(Evaluating.error("a" + String(repeating: " == a", count: 1_000)) == "too-large")
    }

    @Test func takesLongRows() throws {
        for row in [".a", "|a", "||a", "&&a", "[0]"] {
            _ = try Evaluating.json("a" + String(repeating: row, count: 900))
            #expect(Evaluating.error("a" + String(repeating: row, count: 2_000)) == "too-large")
        }
    }

    @Test func boundsStepsAndMemory() throws {
        let list = "[" + (0..<1_000).map(String.init).joined(separator: ",") + "]"
        let small = Budget(steps: 500, memory: 1 << 20)
        #expect(throws: EvaluationError.self) { try Evaluating.json("[*].to_string(@)", list, budget: small) }
        let tight = Budget(steps: 1_000_000, memory: 1_000)
        #expect(throws: EvaluationError.self) { try Evaluating.json("[*].{a: @}", list, budget: tight) }
        #expect(throws: EvaluationError.self) {
            try Evaluating.json("join('xxxxxxxxxxxxxxxxxxxx', [*].to_string(@))", list, budget: tight)
        }
        // Text that doubles with each turn.
        let doubling = "'0123456789'" + String(repeating: " | join('', [@, @])", count: 40)
        #expect(Evaluating.error(doubling) == "too-expensive")
        #expect(
            Evaluating.error("replace_all(@, '', @)", "\"" + String(repeating: "a", count: 10_000) + "\"")
                == "too-expensive")
        #expect(
            Evaluating.error("regex_match('(x+x+)+y{900}', @)", "\"" + String(repeating: "x", count: 10_000) + "\"")
                == nil)
        let fewSteps = Budget(steps: 10_000, memory: 1 << 20)
        #expect(
            Evaluating.error(
                "regex_match('(x?){900}y', @)", "\"" + String(repeating: "x", count: 10_000) + "\"", budget: fewSteps)
                == "too-expensive")
    }

    // MARK: Values

    static let equalities: [(query: String, isTrue: Bool)] = [
        ("`1` == `1.0`", true), ("`1` == '1'", false), ("`9007199254740993` == `9007199254740992`", false),
        ("`9007199254740993` > `9007199254740992`", true),
        ("`123456789012345678901` == `123456789012345678902`", false), (#"`{"a":1,"b":2}` == `{"b":2.0,"a":1}`"#, true),
        ("[`1`] == `[1]`", true), (#"{a: 'x'} == `{"a": "x"}`"#, true), (#"{a: 'x'} == `{"a": "x", "b": 1}`"#, false),
        (#"'é' == `"e\u0301"`"#, false), (#"`"\u00e9"` == 'é'"#, true), ("`0.5` < `1`", true), ("`1e2` == `100`", true),
        ("`null` == missing", true), ("'a' < 'b'", false),
    ]

    @Test(arguments: equalities)
    func compares(_ query: String, _ isTrue: Bool) throws {
        let result = try Query(parsing: query).evaluate(Node(try Document(text: "{}").root))
        #expect(result.isTruthy == isTrue, "\(query)")
    }

    @Test func keepsTheTextOfNumbers() throws {
        #expect(try Evaluating.json("a", #"{"a": 1.50}"#) == "1.50")
        #expect(try Evaluating.json("a", #"{"a": 1e400}"#) == "1e400")
        #expect(Evaluating.error("abs(a)", #"{"a": 1e400}"#) == "invalid-value")
        #expect(try Evaluating.json("abs(`-9223372036854775808`)") == "9.223372036854776e+18")
    }

    @Test func tellsApartKeysThatSwiftCallsEqual() throws {
        #expect(try Evaluating.json(#"{"e\u0301": `1`, "\u00e9": `2`}"#, "{}") == #"{"é":1,"é":2}"#)
        let many = (0..<20).map { "k\($0): `\($0)`" }.joined(separator: ", ")
        #expect(try Evaluating.json("{\(many), k3: 'x'}.k3", "{}") == #""x""#)
    }

    @Test func saysWhatIsWrongAndWhere() throws {
        #expect(throws: QueryError.self) { try Query(parsing: "a.b.") }
        let messages = [
            ("a[", "the expression is not complete at character 3"),
            ("a = b", "\"=\" is no operator; equality is \"==\" at character 3"),
            ("nope(a)", "there is no function nope() at character 1"),
            ("length()", "length() takes 1 arguments, not 0 at character 1"),
            ("a #", "unexpected character \"#\" at character 3"), ("'a", "no closing ' at character 1"),
        ]
        for (query, message) in messages {
            let error = #expect(throws: QueryError.self) { try Query(parsing: query) }
            #expect(error?.description == message)
        }
        let error = #expect(throws: EvaluationError.self) { try Evaluating.json("length(`1`)") }
        #expect(error?.description == "length(): argument 1 must be string or array or object, not number")
        #expect(try Query(parsing: " a ").description == " a ")
    }

    /// Random texts of the language's own words neither crash nor go on for ever.
    @Test(arguments: 0..<8)
    func survivesNonsense(_ seed: Int) throws {
        let words = [
            "a", "b", "\"a\"", ".", "*", "[", "]", "[?", "[]", ",", ":", "{", "}", "(", ")", "|", "||", "&&", "!", "&",
            "@", "==", "<", "'x'", "`1`", "`{}`", "1", "-1", "length(", "sort_by(", " ", "\\", "é",
        ]
        var state = UInt64(seed)
        let document = try Document(text: #"{"a": [{"b": 1}, {"b": [2]}], "b": "x"}"#)
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += words[Int(state >> 33) % words.count]
            }
            guard let query = try? Query(parsing: text) else { continue }
            _ = try? query.resolve(Node(document.root), environment: Evaluating.environment)
        }
    }
}

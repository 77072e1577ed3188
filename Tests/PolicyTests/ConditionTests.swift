import JSON
import Testing

@testable import Policy

@Suite("Conditions")
struct ConditionTests {
    static let data = #"""
        {"request": {"operation": "CREATE", "namespace": "prod", "object": {"spec": {"n": 5, "star": "*", "names": ["a", "b"]}}},
         "team": {"data": {"list": "[\"a*\", \"b\"]", "glob": "pr*", "range": "1-5"}}, "empty": []}
        """#

    /// Whether a condition holds; nil when it cannot be told.
    static func holds(_ key: String, _ name: String, _ value: String) throws -> Bool? {
        let findings = Findings(file: "", policy: "")
        let document = try Document(#"[{"key":\#(key),"operator":"\#(name)","value":\#(value)}]"#)
        let conditions = ConditionDecoder(findings: findings).conditions(document.root, at: .root)
        try #require(findings.problems.isEmpty, "\(findings.problems)")
        let scope = try scope(data, policyNames: ["team"])
        do throws(RuleFailure) {
            return try conditions.failure(in: scope) == nil
        } catch {
            return nil
        }
    }

    @Test(
        "Equality",
        arguments: [
            (#""a""#, #""a""#, true), (#""a""#, #""b""#, false), (#""abc""#, #""a*""#, true),
            (#""abc""#, #""a?c""#, true),
            (#""a*""#, #""abc""#, false), ("1", "1", true), ("1", "1.0", true), ("1", "2", false), ("1", #""1""#, true),
            (#""1""#, "1", false), ("1.5", #""1.5""#, true), ("true", "true", true), ("true", #""true""#, false),
            ("null", "null", true), ("null", #""""#, false), ("[1,2]", "[1,2]", true), ("[1,2]", "[2,1]", false),
            (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, true), (#"{"a":1}"#, #"{"a":2}"#, false),
            // By what they stand for.
            (#""1Gi""#, #""1024Mi""#, true), (#""1Gi""#, #""1G""#, false), (#""500m""#, #""0.5""#, true),
            (#""1h""#, #""60m""#, true), (#""1h""#, "3600", true), ("60", #""1m""#, true), (#""1h""#, #""2h""#, false),
            (#""1.0""#, #""1""#, true), (#""0""#, #""0""#, true), (#""5""#, #""*""#, true), (#""""#, #""""#, true),
            // Wildcards are the policy's, and not the data's.
            (#""{{ request.namespace }}""#, #""pr*""#, true),
            (#""anything""#, #""{{ request.object.spec.star }}""#, false),
            (#""*""#, #""{{ request.object.spec.star }}""#, true),
            (#""x-anything""#, #""x-{{ request.object.spec.star }}""#, false),
            (#""x-*-1""#, #""x-{{ request.object.spec.star }}-*""#, true),
            (#""prod""#, #""{{ team.data.glob }}""#, true),
            // Byte for byte.
            (#""\u00e9""#, #""e\u0301""#, false),
        ])
    func equality(_ key: String, _ value: String, _ expected: Bool) throws {
        for name in ["Equals", "Equal", "equals"] { #expect(try Self.holds(key, name, value) == expected) }
        for name in ["NotEquals", "NotEqual"] { #expect(try Self.holds(key, name, value) == !expected) }
    }

    @Test(
        "Membership: any in, all in, any not in, all not in",
        arguments: [
            (#""a""#, #"["a","b"]"#, [true, true, false, false]),
            (#""c""#, #"["a","b"]"#, [false, false, true, true]),
            (#"["a","c"]"#, #"["a","b"]"#, [true, false, true, false]),
            (#"["a","b"]"#, #"["a","b","c"]"#, [true, true, false, false]),
            (#"["c","d"]"#, #"["a","b"]"#, [false, false, true, true]),
            // Of an empty list all are in, and all are not; none is.
            ("[]", #"["a"]"#, [false, true, false, true]),
            (#""{{ empty }}""#, #"["a"]"#, [false, true, false, true]),
            (#""a""#, "[]", [false, false, true, true]),
            (#""a""#, #""a""#, [true, true, false, false]),
            (#""abc""#, #"["a*"]"#, [true, true, false, false]),
            (#"["a*"]"#, #"["abc"]"#, [true, true, false, false]),
            ("1", #"["1","2"]"#, [true, true, false, false]), ("true", #"["true"]"#, [true, true, false, false]),
            // A list in a text, as ConfigMaps hold it; operators of the cluster wrote it.
            (#""abc""#, #""[\"a*\"]""#, [true, true, false, false]),
            (#"["ax","b"]"#, #""{{ team.data.list }}""#, [true, true, false, false]),
            // Ranges, both ends included.
            ("3", #""1-5""#, [true, true, false, false]), ("1", #""1-5""#, [true, true, false, false]),
            ("5", #""1-5""#, [true, true, false, false]), ("6", #""1-5""#, [false, false, true, true]),
            ("[1,6]", #""1-5""#, [true, false, true, false]), ("3", #"["7-9","1-5"]"#, [true, true, false, false]),
            ("3", #""1!-5""#, [false, false, true, true]), ("6", #""1!-5""#, [true, true, false, false]),
            (#""500Mi""#, #""100Mi-1Gi""#, [true, true, false, false]),
            ("-3", #""-5--1""#, [true, true, false, false]),
            (#""30m""#, #""1m-1h""#, [true, true, false, false]), (#""a-b""#, #""a-b""#, [true, true, false, false]),
            ("3", #""{{ team.data.range }}""#, [true, true, false, false]),
            // Data has no wildcards and no ranges.
            (#""{{ request.object.spec.star }}""#, #"["a"]"#, [false, false, true, true]),
            (#""a""#, #"["{{ request.object.spec.star }}"]"#, [false, false, true, true]),
            (#"["*"]"#, #"["{{ request.object.spec.star }}"]"#, [true, true, false, false]),
        ])
    func membership(_ key: String, _ value: String, _ expected: [Bool]) throws {
        let names = ["AnyIn", "AllIn", "AnyNotIn", "AllNotIn"]
        let holds = try names.map { try Self.holds(key, $0, value) }
        #expect(holds == expected.map(Optional.some), "\(key) \(value)")
        // The old names.
        #expect(try Self.holds(key, "In", value) == expected[1])
        #expect(try Self.holds(key, "NotIn", value) == expected[2])
    }

    @Test(
        "What is neither text nor number is in no list, and that cannot be told",
        arguments: ["null", #"{"a":1}"#, "[null]", "[[1]]"])
    func membershipOfOthers(_ key: String) throws {
        for name in ["AnyIn", "AllIn", "AnyNotIn", "AllNotIn"] { #expect(try Self.holds(key, name, #"["a"]"#) == nil) }
    }

    @Test(
        "Order: -1, 0 or 1, or nil for what cannot be compared",
        arguments: [
            ("1", "2", -1), ("2", "2", 0), ("2.5", "2", 1), ("2", #""10""#, -1), (#""2""#, "10", -1),
            (#""2""#, #""10""#, -1),
            (#""1Gi""#, #""500Mi""#, 1), (#""1""#, #""1000m""#, 0), (#""0.1n""#, #""1n""#, 0), ("5", #""1k""#, -1),
            (#""1h""#, #""30m""#, 1), (#""168h""#, #""1h30m""#, 1), (#""90s""#, #""1.5m""#, 0), ("10", #""1m""#, -1),
            (#""-1h""#, "0", -1), (#""1h""#, #""0""#, 1),
            (#""1.10.0""#, #""1.9.0""#, 1), (#""1.0.0-rc.1""#, #""1.0.0""#, -1), (#""1.0.0-2""#, #""1.0.0-10""#, -1),
            (#""1.0.0-a""#, #""1.0.0-1""#, 1), (#""1.0.0+x""#, #""1.0.0""#, 0), (#""1.0.0-a.b""#, #""1.0.0-a""#, 1),
            (#""v1.0.0""#, #""1.0.0""#, nil), (#""a""#, #""b""#, nil), ("null", "1", nil), ("true", "1", nil),
            ("[1]", "1", nil), (#""""#, "1", nil), (#""{{ request.object.spec.n }}""#, "5", 0),
        ] as [(String, String, Int?)])
    func order(_ key: String, _ value: String, _ sign: Int?) throws {
        #expect(try Self.holds(key, "GreaterThan", value) == sign.map { $0 > 0 })
        #expect(try Self.holds(key, "GreaterThanOrEquals", value) == sign.map { $0 >= 0 })
        #expect(try Self.holds(key, "LessThan", value) == sign.map { $0 < 0 })
        #expect(try Self.holds(key, "LessThanOrEquals", value) == sign.map { $0 <= 0 })
    }

    @Test("The old operators of durations take numbers of seconds")
    func durations() throws {
        #expect(try Self.holds("120", "DurationGreaterThan", "60") == true)
        #expect(try Self.holds(#""1m""#, "DurationLessThan", #""1h""#) == true)
        #expect(try Self.holds(#""1m""#, "DurationGreaterThanOrEquals", "60") == true)
        #expect(try Self.holds(#""1m""#, "DurationLessThanOrEquals", "59") == false)
        #expect(try Self.holds(#""soon""#, "DurationLessThan", "60") == nil)
    }

    @Test(
        "Groups",
        arguments: [
            (#"{"any":[F,T]}"#, true), (#"{"any":[F,F]}"#, false), (#"{"all":[T,T]}"#, true),
            (#"{"all":[T,F]}"#, false),
            (#"{"any":[F,T],"all":[T]}"#, true), (#"{"any":[T],"all":[F]}"#, false), (#"{"any":[F],"all":[T]}"#, false),
            ("[T,T]", true), ("[T,F]", false), ("[]", true), ("{}", true), (#"[{"any":[F,T]},{"all":[T]}]"#, true),
            (#"[{"any":[T]},{"all":[F]}]"#, false), (#"[T,{"any":[F]}]"#, false), (#"{"all":[],"any":[T]}"#, true),
            // What cannot be told is neither.
            (#"{"any":[U,T]}"#, nil), (#"{"any":[T,U]}"#, true), (#"{"all":[F,U]}"#, false), (#"{"all":[U,F]}"#, nil),
        ] as [(String, Bool?)])
    func groups(_ text: String, _ expected: Bool?) throws {
        let json = text.replacing("T", with: #"{"key":"{{ request.operation }}","operator":"Equals","value":"CREATE"}"#)
            .replacing("F", with: #"{"key":1,"operator":"equals","value":2,"message":"no {{ request.namespace }}"}"#)
            .replacing("U", with: #"{"key":"{{ nope }}","operator":"equals","value":2}"#)
        let findings = Findings(file: "", policy: "")
        let conditions = ConditionDecoder(findings: findings).conditions(try Document(json).root, at: .root)
        #expect(findings.problems.isEmpty)
        let scope = try scope(Self.data)
        do throws(RuleFailure) {
            let failure = try conditions.failure(in: scope)
            #expect((failure == nil) == expected)
            if let failure { #expect(failure == "no prod") }
            // In a deny, what holds is the reason.
            let reason = try conditions.reason(in: scope)
            if !conditions.isEmpty { #expect((reason != nil) == expected) }
        } catch {
            #expect(expected == nil)
        }
    }

    @Test(
        "Conditions that are none",
        arguments: [
            (#"[{"key":1,"operator":"Is","value":1}]"#, "[0].operator"), (#"[{"key":1,"value":1}]"#, "[0].operator"),
            (#"[{"operator":"Equals","value":1}]"#, "[0].key"), (#"[{"key":1,"operator":"Equals"}]"#, "[0].value"),
            (#"{"any":[]}"#, "any"), (#"{"some":[]}"#, "some"),
            (#"[{"key":"{{ a b }}","operator":"Equals","value":1}]"#, "[0].key"),
            (#"[{"key":1,"operator":"Equals","value":{"{{ a }}":1}}]"#, "[0].value"), ("1", ""),
            (#"[{"key":1,"operator":"Equals","value":1,"extra":1}]"#, "[0].extra"), (#"{"all":{}}"#, "all"),
        ])
    func refused(_ text: String, _ path: String) throws {
        let findings = Findings(file: "", policy: "")
        _ = ConditionDecoder(findings: findings).conditions(try Document(text).root, at: .root)
        #expect(findings.problems.map(\.path) == [path])
    }
}

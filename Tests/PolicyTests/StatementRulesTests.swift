import JSON
import OpenSSL
import Testing

@testable import Policy
@testable import Sigstore
@testable import Verification

@Suite("Conditions over attestations")
struct StatementRulesTests {
    /// Statements with these predicates, each signed by both attestors unless `signers` says by whom.
    private static func findings(
        _ predicates: [String], count: Int = 2, signers: [[Int]]? = nil
    ) throws -> AttestationFindings {
        let statements = try predicates.map { predicate in
            let digest = String(repeating: "a", count: 64)
            let text =
                #"{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://example.test/t","subject":[{"name":"a","digest":{"sha256":"\#(digest)"}}],"predicate":\#(predicate)}"#
            let payload = Array(text.utf8)
            return VerifiedStatement(
                try Statement(parsing: payload, of: "application/vnd.in-toto+json"), payload: payload)
        }
        let keys = try TestKeys.pems.prefix(2).map { Attestor.key(KeyAttestor(key: try PublicKey(pem: $0))) }
        let tree = AttestorTree([try AttestorSet(count: count, entries: keys)])
        let signers = signers ?? [Array(statements.indices), Array(statements.indices)]
        return AttestationFindings(
            "https://example.test/t", tree: tree, verified: signers.map { Set($0.map { statements[$0] }) })
    }

    /// The objection to statements of the attestations of an entry.
    private static func objection(
        _ attestations: String, validate: String = "{}", _ findings: [AttestationFindings], context: String = "[]"
    ) throws -> String? {
        let entry = Sample.entry(extra: #""attestations":\#(attestations),"validate":\#(validate)"#)
        let policy = try policy(
            rules: "[\(Sample.rule(entries: "[\(entry)]", extra: #""context":\#(context)"#))]")
        let rule = try #require(policy.rules.first)
        let bindings = try rule.context.map { RuleBindings($0, for: try ContextTests.input()) }
        return try #require(rule.entries.first?.statements).objection(to: findings, bindings)
    }

    private static func attestation(_ condition: String, name: String = "") -> String {
        let attestors = #"[{"entries":[{"keys":{"publicKeys":\#(Sample.key)}}]}]"#
        let name = name.isEmpty ? "" : #""name":"\#(name)","#
        return #"{\#(name)"type":"https://example.test/t","attestors":\#(attestors),"conditions":[\#(condition)]}"#
    }

    private static func equals(_ key: String, _ value: String) -> String {
        #"{"key":"{{ \#(key) }}","operator":"Equals","value":\#(value)}"#
    }

    @Test(
        "Whether statements pass",
        arguments: [
            (equals("clean", "true"), [#"{"clean":true}"#], nil),
            (equals("clean", "true"), [#"{"clean":false}"#], "does not meet its conditions"),
            // Every statement counts: an old clean one hides no new bad one.
            (equals("clean", "true"), [#"{"clean":true}"#, #"{"clean":false}"#], "does not meet its conditions"),
            (equals("clean", "true"), [#"{"other":true}"#], "undefined"),
            // A predicate hides nothing, and has to be an object.
            (equals("request.namespace", #""prod""#), [#"{"request":{"namespace":"evil"}}"#], nil),
            (equals("request.namespace", #""evil""#), [#"{"request":{"namespace":"evil"}}"#], "does not meet"),
            (equals("images.containers.a.tag", #""v1""#), [#"{"images":{"containers":{"a":{"tag":"v2"}}}}"#], nil),
            (equals("entry", #""policy's""#), [#"{"entry":"evil"}"#], nil),
            (equals("clean", "true"), ["[]"], "no object"), (equals("clean", "true"), ["null"], "no object"),
            // Wildcards and variables in a predicate stand for themselves.
            (
                #"{"key":"{{ builder }}","operator":"AnyIn","value":["https://ci.example.test/*"]}"#,
                [#"{"builder":"https://ci.example.test/1"}"#], nil
            ),
            (
                #"{"key":"{{ builder }}","operator":"AnyIn","value":["https://ci.example.test/*"]}"#,
                [#"{"builder":"*"}"#], "does not meet"
            ),
            (
                #"{"key":"{{ builder }}","operator":"Equals","value":"prod"}"#,
                [#"{"builder":"{{ request.namespace }}"}"#], "does not meet"
            ),
            (
                #"{"key":"{{ scan.finished }}","operator":"GreaterThan","value":"2026-01-01"}"#,
                [#"{"scan":{"finished":"2026-02-01"}}"#], "cannot be compared"
            ),
            (#"{"any":[\#(equals("a", "1")),\#(equals("b", "2"))]}"#, [#"{"a":0,"b":2}"#], nil),
        ] as [(String, [String], String?)])
    func passes(_ condition: String, _ predicates: [String], _ expected: String?) throws {
        let context = #"[{"name":"entry","variable":{"value":"policy's"}}]"#
        let found = try Self.findings(predicates)
        let objection = try Self.objection("[\(Self.attestation(condition))]", [found], context: context)
        if let expected {
            #expect(objection?.contains(expected) == true, "\(objection ?? "passes")")
        } else {
            #expect(objection == nil)
        }
    }

    @Test("An attestor counts when all that it signed meets the conditions")
    func counts() throws {
        let attestation = "[\(Self.attestation(Self.equals("clean", "true")))]"
        let predicates = [#"{"clean":true}"#, #"{"clean":false}"#]
        func objection(_ count: Int, _ signers: [[Int]]) throws -> String? {
            try Self.objection(attestation, [try Self.findings(predicates, count: count, signers: signers)])
        }
        #expect(try objection(1, [[0], [1]]) == nil)
        #expect(try objection(2, [[0], [1]]) != nil)
        #expect(try objection(1, [[0, 1], [1]]) != nil)
        #expect(try objection(1, [[0, 1], [0]]) == nil)
        #expect(try objection(2, [[0], [0]]) == nil)
    }

    @Test("Named statements are seen together by deny, in every combination")
    func deny() throws {
        let attestations = "[\(Self.attestation("", name: "scan")),\(Self.attestation("", name: "sbom"))]"
            .replacing(#""conditions":[]"#, with: #""conditions":null"#)
        let validate =
            #"{"message":"built by {{ sbom.by }} in {{ request.namespace }}","deny":{"conditions":{"all":[{"key":"{{ scan.id }}","operator":"NotEquals","value":"{{ sbom.id }}"}]}}}"#
        func objection(_ scans: [String], _ sboms: [String], _ validate: String = validate) throws -> String? {
            try Self.objection(attestations, validate: validate, [try Self.findings(scans), try Self.findings(sboms)])
        }
        let sbom = #"{"id":1,"by":"ci"}"#
        #expect(try objection([#"{"id":1}"#], [sbom]) == nil)
        #expect(try objection([#"{"id":2}"#], [sbom]) == "built by ci in prod")
        #expect(try objection([#"{"id":1}"#, #"{"id":2}"#], [sbom]) == "built by ci in prod")
        // What cannot be told counts against the image.
        #expect(try objection(["{}"], [sbom])?.contains("undefined") == true)
        let silent = validate.replacing(#""message":"built by {{ sbom.by }} in {{ request.namespace }}","#, with: "")
        #expect(try objection([#"{"id":2}"#], [sbom], silent) == "denied because {{ scan.id }} NotEquals {{ sbom.id }}")
        #expect(try Self.objection(attestations, validate: validate, [try Self.findings([sbom])]) != nil)
    }

    @Test(
        "What is refused",
        arguments: [
            (attestation("", name: "request"), "{}", "attestations[0].name"),
            (attestation(#"{"key":1,"operator":"Is","value":1}"#), "{}", "attestations[0].conditions[0].operator"),
            (
                attestation("", name: "a"),
                #"{"deny":{"conditions":[{"key":"{{ b }}","operator":"Equals","value":1}]}}"#, ""
            ),
            (attestation("", name: "a"), #"{"deny":{"condition":[]}}"#, "validate.deny.condition"),
        ])
    func refused(_ attestation: String, _ validate: String, _ path: String) throws {
        let entry = Sample.entry(extra: #""attestations":[\#(attestation)],"validate":\#(validate)"#)
        let whole = path.isEmpty ? "spec.rules[0]" : "spec.rules[0].verifyImages[0].\(path)"
        let paths = try problems(entry: entry).map(\.path)
        #expect(paths.contains(whole), "\(paths)")
    }
}

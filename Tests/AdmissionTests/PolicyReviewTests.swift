import JSON
import Policy
import Testing

@testable import Admission

@Suite("The webhook for policies") struct PolicyReviewTests {
    private func json(_ yaml: String) throws -> String { try YAMLText.document(yaml).root.description }

    private func request(
        _ object: String, old: String = "null", operation: String = "CREATE", subresource: String = "",
        kind: String = "ClusterPolicy"
    ) throws -> AdmissionRequest {
        let text = """
            {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1-2-3",
            "kind":{"group":"kyverno.io","version":"v1","kind":"\(kind)"},"subResource":"\(subresource)",
            "resource":{"group":"kyverno.io","version":"v1","resource":"clusterpolicies"},"name":"check-image",
            "operation":"\(operation)","userInfo":{"username":"u"},"object":\(object),"oldObject":\(old)}}
            """
        return try AdmissionRequest(Document(Array(text.utf8)))
    }

    private func review(
        _ object: String, old: String = "null", operation: String = "CREATE", subresource: String = "",
        exceptions: Bool = false
    ) throws -> PolicyReview {
        PolicyReview(
            try request(object, old: old, operation: operation, subresource: subresource),
            honoursExceptions: exceptions)
    }

    private var good: String { Samples.policy() }
    private var bad: String { Samples.policy(entry: ["keyles: {}"], spec: ["applyRules: Some"]) }

    @Test("A good policy is allowed without a word")
    func allowed() throws {
        let review = try review(json(good))
        #expect(review.denial == nil)
        #expect(review.warnings == [])
    }

    @Test("A bad one is denied with the path and the reason of each problem")
    func denied() throws {
        let denial = try #require(try review(json(bad)).denial)
        #expect(
            denial == """
                ClusterPolicy check-image cannot be honoured in full:
                  spec.applyRules: "Some" is none of All, One
                  spec.rules[0].verifyImages[0].keyles: unknown field "keyles" in an entry of verifyImages
                """)
        #expect(try review(json(bad), old: json(good), operation: "UPDATE").denial == denial)
    }

    @Test("A change that says the same is allowed, so that labels and finalizers can go")
    func unchanged() throws {
        let review = try review(json(bad), old: json(bad), operation: "UPDATE")
        #expect(review.denial == nil)
        #expect(review.warnings.first == #"spec.applyRules: "Some" is none of All, One"#)
        let deleting = bad.replacing("{name: check-image}", with: "{name: check-image, deletionTimestamp: now}")
        #expect(try self.review(json(deleting), old: json(good), operation: "UPDATE").denial == nil)
    }

    @Test("Statuses, deletions and other kinds are none of its business")
    func otherRequests() throws {
        #expect(try review(json(bad), operation: "UPDATE", subresource: "status").denial == nil)
        #expect(try review("null", old: json(bad), operation: "DELETE").denial == nil)
        #expect(try review(json(bad), operation: "CONNECT").denial == nil)
        #expect(try review(#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#).denial == nil)
    }

    @Test("What is passed over is a warning that fits")
    func warnings() throws {
        let other = """
              - name: other
                match: {any: [{resources: {kinds: [Service]}}]}
                validate: {message: none of ours}

            """
        let review = try review(json(good + other))
        #expect(review.denial == nil)
        #expect(review.warnings == ["spec.rules[1]: rule other has no verifyImages and is skipped"])
        let many = (0..<200).map { other.replacing("other", with: "other-\($0)-" + String(repeating: "x", count: 90)) }
        let warnings = try self.review(json(good + many.joined())).warnings
        #expect(warnings.allSatisfy { $0.count < 120 })
        #expect(warnings.map(\.utf8.count).reduce(0, +) <= 4096)
    }

    @Test("What is wrong with many rules fits into a message")
    func longDenials() throws {
        let rule = #"{"name":"a","match":{"x\#(String(repeating: "y", count: 900))":1},"verifyImages":[{}]}"#
        let rules = Array(repeating: rule, count: 100).joined(separator: ",")
        let text =
            #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"a"},"spec":{"rules":[\#(rules)]}}"#
        let denial = try #require(try review(text).denial)
        #expect(denial.utf8.count < PolicyReview.maximumDenialBytes + 100)
        #expect(denial.contains("\n  and "))
    }

    @Test("Exceptions count where they are asked for")
    func exceptions() throws {
        let exception =
            #"{"apiVersion":"kyverno.io/v2","kind":"PolicyException","metadata":{"name":"e","namespace":"n"},"spec":{}}"#
        let deaf = try review(exception)
        #expect(deaf.denial == nil)
        #expect(deaf.warnings == ["exceptions do not count here: Countersign runs without --exceptions"])
        // What cannot be honoured excepts nothing, and may be about Kyverno's other rules.
        let heard = try review(exception, exceptions: true)
        #expect(heard.denial == nil)
        #expect(heard.warnings.first == "this exception excepts no image here, as it cannot be honoured in full")
        #expect(heard.warnings.contains { $0.hasPrefix("spec.match: ") })
        let others = exception.replacing(
            #""spec":{}"#,
            with:
                #""spec":{"exceptions":[{"policyName":"*","ruleNames":["*"],"images":["x"]}],"conditions":{"any":[{}]},"#
                + #""match":{"any":[{"resources":{"kinds":["Pod"]}}]}}"#)
        let passed = try review(others, exceptions: true)
        #expect(passed.denial == nil)
        #expect(passed.warnings.count == 4)
    }
}

import JSON
import Metrics
import Policy
import Testing

@testable import Admission
@testable import HTTPServer
@testable import Verification

@Suite("Where reviews are answered") struct AdmissionServiceTests {
    private let service: AdmissionService

    init() {
        let verifier = ImageVerifier(source: EvaluatorFactsTests.EmptySource())
        service = AdmissionService(
            policies: nil, verifier: verifier, log: DecisionLog(format: .json, sink: nil),
            metrics: AdmissionMetrics(MetricsRegistry()), operations: OperationsService { [] })
    }

    private func head(_ method: HTTPServer.Method, _ path: String, _ length: Int) -> RequestHead {
        RequestHead(
            method: method, path: path, query: nil, version: .http11, framing: .length(length),
            contentEncoding: .identity, keepsAlive: true, expectsContinue: false, acceptsGzip: false, bytes: [],
            fields: [])
    }

    private func ask(_ method: HTTPServer.Method, _ path: String, _ body: String = "") -> Response {
        var response = Response(status: 500, text: "not answered")
        let bytes = Array(body.utf8)
        let disposition = service.handle(head(method, path, bytes.count), body: bytes.span, respond: &response) {
            preconditionFailure("everything here is answered in place")
        }
        #expect(disposition == .answered)
        return response
    }

    private func review(_ object: String, kind: String = "Pod") -> String {
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1-2-3",
        "kind":{"group":"","version":"v1","kind":"\(kind)"},"resource":{"group":"","version":"v1","resource":"x"},
        "name":"x","namespace":"test","operation":"CREATE","userInfo":{"username":"u"},"object":\(object)}}
        """
    }

    private let pod = #"{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"registry.test/a:1"}]}}"#

    @Test("Until the policies are known, reviews get no verdict; afterwards they do")
    func untilSynced() throws {
        for path in ["/mutate", "/validate", "/mutate/fail", "/validate/ignore"] {
            let response = ask(.post, path, review(pod))
            #expect(response.status == 503)
            #expect(response.headers.contains { $0.0 == "Retry-After" })
        }
        service.use(.empty)
        let response = ask(.post, "/validate", review(pod))
        #expect(response.status == 200)
        #expect(try Document(response.body).root["response"]?["allowed"]?.boolean == true)
    }

    @Test(
        "Every policy is asked on every path: one that changes its failure policy is never asked on none",
        arguments: ["/mutate/fail", "/mutate/ignore", "/validate/fail", "/validate/ignore"],
        ["Fail", "Ignore"])
    func everyPath(path: String, failurePolicy: String) throws {
        // What is no reference is denied in place, whatever the failure policy.
        service.use(try Samples.snapshot(Samples.policy(spec: ["failurePolicy: \(failurePolicy)"])))
        let response = ask(.post, path, review(pod.replacing("registry.test/a:1", with: "registry.test/A B")))
        #expect(try Document(response.body).root["response"]?["allowed"]?.boolean == false)
    }

    @Test("A large policy is compiled off the loop")
    func largePolicies() async throws {
        let mailbox = try Mailbox()
        func answer(_ path: String, _ body: String) throws -> Disposition {
            let bytes = Array(body.utf8)
            var response = Response(status: 500, text: "not answered")
            return service.handle(head(.post, path, bytes.count), body: bytes.span, respond: &response) {
                Reply(mailbox: mailbox, token: 7, exchange: 1, packsFrom: nil)
            }
        }
        let rule =
            #"{"name":"n","match":{"any":[{"resources":{"kinds":["Pod"]}}]},"verifyImages":[{"image":"*","key":"none"}]}"#
        let rules = Array(repeating: rule, count: 200).joined(separator: ",")
        let policy =
            #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"x"},"spec":{"rules":[\#(rules)]}}"#
        let text = review(policy, kind: "ClusterPolicy")
        #expect(text.utf8.count > PolicyReviewService.largestBodyInPlace)
        #expect(try answer("/policies", text) == .later)
        var letters: [Letter] = []
        while letters.isEmpty {
            letters = mailbox.take()
            await Task.yield()
        }
        guard case .answer(let answered)? = letters.first else { throw CancellationError() }
        #expect(answered.token == 7)
        let verdict = try Document(answered.response.body).root["response"]
        #expect(verdict?["allowed"]?.boolean == false)
        #expect(verdict?["status"]?["message"]?.string?.contains("spec.rules[0].verifyImages[0].key") == true)
        // What is no review is told so at once.
        #expect(try answer("/policies", text.replacing("AdmissionReview", with: "Other")) == .answered)
    }

    @Test("Policies are reviewed at any time")
    func policies() throws {
        let policy =
            #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"x"},"spec":{"rules":[]}}"#
        let response = ask(.post, "/policies", review(policy, kind: "ClusterPolicy"))
        #expect(response.status == 200)
        let answer = try Document(response.body).root["response"]
        #expect(answer?["uid"]?.string == "1-2-3")
        #expect(answer?["allowed"]?.boolean == false)
        #expect(answer?["status"]?["code"]?.integer == 403)
        #expect(answer?["status"]?["message"]?.string?.contains("\n  spec.rules: is missing or empty") == true)

        #expect(ask(.get, "/policies").status == 405)
        #expect(ask(.post, "/policies", "{}").status == 400)
        #expect(ask(.post, "/policies").status == 400)
        #expect(ask(.post, "/policies/other").status == 404)
    }

    @Test("A broken policy fails what it matches, and whatever holds images where nobody can tell")
    func refusals() throws {
        func answer(_ spec: String, _ object: String, kind: String = "Pod") throws -> (allowed: Bool?, message: String)
        {
            var policies = PolicyCollection()
            let rule =
                #"{"name":"one","match":{"any":[{"resources":{"kinds":["\#(kind)"]}}]},"verifyImages":[{"image":"registry.test/*","key":"none"}]\#(kind == "Task" ? #","imageExtractors":{"Task":[{"paths":"x"}]}"# : "")}"#
            let text =
                #"{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"p"},"spec":{"rules":[\#(rule)],\#(spec)}}"#
            policies.put(.clusterPolicy, try Document(Array(text.utf8)).root)
            service.use(policies.snapshot())
            let answer = try Document(ask(.post, "/validate", review(object, kind: kind)).body).root["response"]
            return (answer?["allowed"]?.boolean, answer?["status"]?["message"]?.string ?? "")
        }
        let enforce = #""validationFailureAction":"Enforce""#
        let denied = try answer(enforce, pod)
        #expect(denied.allowed == false)
        #expect(
            denied.message.hasPrefix(
                "resource Pod/test/x was blocked due to the following policies\n\np:\n  one: 'policy p cannot be honoured: spec.rules[0].verifyImages[0].key: "
            ), "\(denied.message)")
        #expect(try answer(enforce, pod.replacing("registry.test", with: "other.test")).allowed == true)
        #expect(try answer(#""validationFailureAction":"Audit""#, pod).allowed == true)
        #expect(try answer(enforce + #","failurePolicy":"Ignore""#, pod).allowed == true)
        #expect(try answer(enforce, #"{"metadata":{"name":"x"},"spec":{}}"#, kind: "Task").allowed == false)
        #expect(try answer(enforce, #"{"metadata":{"name":"x"},"spec":{}}"#).allowed == true)
        // An action whose name is misspelt is meant all the same.
        #expect(try answer(#""validationFailureActoin":"Enforce""#, pod).allowed == false)
    }
}

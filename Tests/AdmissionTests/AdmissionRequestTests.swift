import JSON
import Policy
import Testing

@testable import Admission

@Suite("Reading a review")
struct AdmissionRequestTests {
    private func read(_ text: String) throws -> AdmissionRequest { try AdmissionRequest(Document(Array(text.utf8))) }

    private func review(_ request: String, version: String = "admission.k8s.io/v1") -> String {
        #"{"apiVersion":"\#(version)","kind":"AdmissionReview","request":\#(request)}"#
    }

    @Test("A pod without a name shows its generateName")
    func names() throws {
        let request = try read(
            review(
                """
                {"uid":"u","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},
                "resource":{"group":"","version":"v1","resource":"pods"},"namespace":"n",
                "object":{"metadata":{"generateName":"web-"}},"oldObject":null,"dryRun":true}
                """))
        #expect(request.uid == "u" && request.isDryRun)
        #expect(request.attributes.kind == "Pod" && request.attributes.namespace == "n")
        #expect(request.attributes.name.isEmpty && request.attributes.generateName == "web-")
        #expect(request.attributes.oldObject == nil)
        #expect(DenialMessage.name(of: request.attributes) == "Pod/n/web-?")
    }

    @Test("A scale request is about the Deployment, not about a Scale")
    func subresource() throws {
        let request = try read(
            review(
                """
                {"uid":"u","operation":"UPDATE","kind":{"group":"autoscaling","version":"v1","kind":"Scale"},
                "resource":{"group":"apps","version":"v1","resource":"deployments"},"subResource":"scale","name":"web",
                "object":{}}
                """))
        #expect(request.attributes.kind == "Deployment" && request.attributes.subresource == "scale")
    }

    @Test(
        "What is no review says what is wrong with it",
        arguments: [
            ("[]", "not an object"), ("{}", "kind is not AdmissionReview"),
            (#"{"kind":"AdmissionReview"}"#, "no apiVersion"),
            (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#, "has no request"),
            (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}"#, "has no request"),
            (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{}}"#, "v1beta1 is not"),
            (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}"#, "request.uid"),
            (
                #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}"#,
                "request.operation"
            ),
            (
                #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE"}}"#,
                "request.kind"
            ),
            (
                #"""
                {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",
                "request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"object":"x"}}
                """#, "request.object must be an object"
            ),
            (
                #"""
                {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",
                "request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"}}}
                """#, "request.object must be there"
            ),
            (
                #"""
                {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",
                "request":{"uid":"u","operation":"UPDATE","kind":{"kind":"Pod"},"object":null,"oldObject":{}}}
                """#, "request.object must be there"
            ),
            (
                #"""
                {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",
                "request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"},"object":{},
                "namespace":7}}
                """#, "request.namespace must be a string"
            ),
        ])
    func bad(text: String, expected: String) throws {
        let document = try Document(Array(text.utf8))
        let error = #expect(throws: ReviewError.self) { try AdmissionRequest(document) }
        #expect("\(try #require(error))".contains(expected))
    }
}

import Testing

@testable import Policy

@Suite struct KindSelectorTests {
    struct Request: Sendable {
        var text: String
        var group = ""
        var version = "v1"
        var kind: String
        var subresource = ""

        var attributes: ResourceAttributes {
            ResourceAttributes(operation: .create, group: group, version: version, kind: kind, subresource: subresource)
        }
    }

    static let matching: [Request] = [
        Request(text: "Pod", kind: "Pod"),
        Request(text: "Pod", kind: "Pod", subresource: "ephemeralcontainers"),
        Request(text: "v1/Pod", kind: "Pod"),
        Request(text: "*/Pod", kind: "Pod"),
        Request(text: "*/*/Pod", kind: "Pod"),
        Request(text: "P*", kind: "Pod"),
        Request(text: "Deployment", group: "apps", kind: "Deployment"),
        Request(text: "apps/v1/Deployment", group: "apps", kind: "Deployment"),
        Request(text: "apps/*/Deployment", group: "apps", version: "v1beta2", kind: "Deployment"),
        Request(text: "apps/v1/*", group: "apps", kind: "ReplicaSet"),
        Request(text: "*/v1/Deployment", group: "apps", kind: "Deployment"),
        Request(text: "v1*/Deployment", group: "apps", version: "v1beta1", kind: "Deployment"),
        Request(text: "Pod/ephemeralcontainers", kind: "Pod", subresource: "ephemeralcontainers"),
        Request(text: "Pod.ephemeralcontainers", kind: "Pod", subresource: "ephemeralcontainers"),
        Request(text: "Pod/*", kind: "Pod", subresource: "status"),
        Request(text: "v1/Pod/status", kind: "Pod", subresource: "status"),
        Request(text: "*/ephemeralcontainers", kind: "Pod", subresource: "ephemeralcontainers"),
        Request(text: "Deployment/scale", group: "apps", kind: "Deployment", subresource: "scale"),
        Request(
            text: "tekton.dev/v1beta1/TaskRun.status", group: "tekton.dev", version: "v1beta1", kind: "TaskRun",
            subresource: "status"),
        Request(text: "apps/v1/Deployment/status", group: "apps", kind: "Deployment", subresource: "status"),
        Request(text: "*.dev/v1/Task", group: "tekton.dev", kind: "Task"),
    ]

    static let other: [Request] = [
        Request(text: "Pod", kind: "PodTemplate"),
        Request(text: "Pod", kind: "Pod", subresource: "status"),
        Request(text: "Pod", group: "metrics.k8s.io", kind: "Pod", subresource: "ephemeralcontainers"),
        Request(text: "v1/Pod", version: "v2", kind: "Pod"),
        Request(text: "apps/v1/Deployment", group: "extensions", kind: "Deployment"),
        Request(text: "apps/v1/Deployment", group: "apps", version: "v1beta1", kind: "Deployment"),
        Request(text: "Deployment", group: "apps", kind: "Deployment", subresource: "scale"),
        Request(text: "Pod/ephemeralcontainers", kind: "Pod"),
        Request(text: "Pod/*", kind: "Pod"),
        Request(text: "Deployment/scale", group: "apps", kind: "Deployment", subresource: "status"),
    ]

    @Test(arguments: matching) func matches(_ request: Request) throws {
        #expect(try KindSelector(parsing: request.text).matches(request.attributes))
    }

    @Test(arguments: other) func doesNotMatch(_ request: Request) throws {
        #expect(try !KindSelector(parsing: request.text).matches(request.attributes))
    }

    static let refused: [(text: String, says: String)] = [
        ("*", "every kind"), ("*/*", "every kind"), ("*/*/*", "every kind"),
        ("", "empty part"), ("/Pod", "empty part"), ("v1/", "empty part"), ("Pod.", "empty part"),
        ("pod", "capital letter"), ("v1/pod", "capital letter"), ("apps/Deployment", "capital letter"),
        ("apps/v1/deployment", "capital letter"),
        ("Apps/Deployment", "no subresource"), ("Pod/Status", "no subresource"),
        ("apps/beta/Deployment", "where a version"), ("core/v1/Pod", "has no name"),
        ("a/v1/Kind/sub/more", "too many parts"),
    ]

    @Test(arguments: refused) func refuses(text: String, says: String) throws {
        let error = try #require(throws: KindSelectorError.self) { try KindSelector(parsing: text) }
        #expect(error.description.contains(says), "\(error)")
    }

    @Test func indexedByLiteralKindsOnly() throws {
        #expect(try KindSelector(parsing: "apps/v1/Deployment").literalKind == "Deployment")
        #expect(try KindSelector(parsing: "P*").literalKind == nil)
    }

    @Test(arguments: [
        ("pods", "ephemeralcontainers", "Pod", "Pod"), ("deployments", "scale", "Scale", "Deployment"),
        ("pods", "", "Pod", "Pod"), ("pods", "eviction", "Eviction", "Pod"),
        ("taskruns", "status", "TaskRun", "TaskRun"),
        ("deployments", "", "Deployment", "Deployment"),
    ])
    func kindOfTheResource(plural: String, subresource: String, sent: String, kind: String) {
        #expect(ResourceAttributes.kind(ofResource: plural, subresource: subresource, sentKind: sent) == kind)
    }
}

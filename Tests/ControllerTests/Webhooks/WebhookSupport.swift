import JSON
import Kubernetes
import OpenSSL
import Policy
import Testing

@testable import Cluster

/// Policies that are only there to be registered.
enum RegisteredPolicy {
    private static let key: Result<String, any Error> = Result {
        var writer = Writer()
        writer.string(try PrivateKey.generate().publicKey.pem)
        return writer.text
    }

    /// - Parameters:
    ///   - kinds: As a policy lists them; nil for a rule that names none.
    static func make(
        _ name: String = "check", kinds: [String]? = ["Pod"], failurePolicy: String = "Fail", timeout: Int = 10,
        namespace: String? = nil, operations: [String] = [], autogen: Bool = false, extra: String = ""
    ) throws -> ImagePolicy {
        let kinds = kinds.map { #""kinds":\#(list($0))"# } ?? #""names":["*"]"#
        let operations = operations.isEmpty ? "" : #","operations":\#(list(operations))"#
        let space = namespace.map { #","namespace":"\#($0)""# } ?? ""
        let controllers = autogen ? "all" : "none"
        let text = """
            {"apiVersion":"kyverno.io/v1","kind":"\(namespace == nil ? "ClusterPolicy" : "Policy")",
             "metadata":{"name":"\(name)"\(space),"annotations":{"pod-policies.kyverno.io/autogen-controllers":"\(controllers)"}},
             "spec":{"validationFailureAction":"Enforce","failurePolicy":"\(failurePolicy)","webhookTimeoutSeconds":\(timeout),
             "rules":[{"name":"a","match":{"any":[{"resources":{\(kinds)\(operations)}}]}\(extra.isEmpty ? "" : "," + extra),
             "verifyImages":[{"imageReferences":["*"],"attestors":[{"entries":[{"keys":{"publicKeys":\(try key.get())}}]}]}]}]}}
            """
        let result = PolicyLoader.load(documents: [("test.yaml", try Document(Array(text.utf8)))])
        try #require(result.problems.isEmpty, "\(result.problems)")
        return try #require(result.snapshot?.policies.first)
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }
}

extension ResourceType {
    static func custom(_ group: String, _ version: String, _ plural: String, _ kind: String) -> ResourceType {
        ResourceType(group: group, version: version, plural: plural, kind: kind, isNamespaced: true)
    }
}

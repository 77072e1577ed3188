import JSON
import Testing

@testable import Policy

@Suite struct PullSecretNamesTests {
    private func names(_ kind: String, _ object: String, namespace: String = "team") throws -> PullSecretNames? {
        let value = try Document(Array(object.utf8)).root
        return PullSecretNames(
            ResourceAttributes(operation: .create, kind: kind, namespace: namespace, object: value))
    }

    private static let spec =
        #"{"imagePullSecrets":[{"name":"a"},{},{"name":""},{"name":"b"},{"name":"a"}],"serviceAccountName":"robot"}"#
    private static let expected = PullSecretNames(namespace: "team", secrets: ["a", "b"], serviceAccount: "robot")

    @Test(
        arguments: [
            ("Pod", #"{"spec":\#(spec)}"#), ("Deployment", #"{"spec":{"template":{"spec":\#(spec)}}}"#),
            ("Job", #"{"spec":{"template":{"spec":\#(spec)}}}"#),
            ("CronJob", #"{"spec":{"jobTemplate":{"spec":{"template":{"spec":\#(spec)}}}}}"#),
        ])
    func whereTheyStand(kind: String, object: String) throws {
        #expect(try names(kind, object) == Self.expected)
        #expect(try names("Service", object) == nil)
        #expect(try names(kind, object, namespace: "") == nil)
        #expect(try names(kind, #"{"spec":{"replicas":1}}"#)?.secrets ?? [] == [])
    }

    @Test func accounts() throws {
        func account(_ fields: String) throws -> String? { try names("Pod", #"{"spec":{\#(fields)}}"#)?.serviceAccount }
        #expect(try account("") == "default")
        #expect(try account(#""serviceAccountName":"""#) == "default")
        #expect(try account(#""serviceAccount":"old""#) == "old")
        #expect(try account(#""serviceAccount":"old","serviceAccountName":"new""#) == "new")
        #expect(try account(#""serviceAccountName":7"#) == "default")
    }

    @Test func bounds() throws {
        let many = (0..<100).map { #"{"name":"s\#($0)"}"# }.joined(separator: ",")
        let names = try names("Pod", #"{"spec":{"imagePullSecrets":[\#(many)]}}"#)
        #expect(names?.secrets.count == PullSecretNames.maximumSecrets)
        #expect(names?.hasMore == true && !Self.expected.hasMore)
        let some = Self.expected.secrets(with: ["b", "c"])
        #expect(some.names == ["a", "b", "c"] && !some.hasMore)
        #expect(Self.expected.secrets(with: (0..<15).map { "s\($0)" }).hasMore)
        #expect(PullSecretNames.names(nil) == [])
    }

    @Test func namesThatNothingHasAreCut() throws {
        // One character of many bytes, and many of one.
        for long in ["a" + String(repeating: "\u{301}", count: 100_000), String(repeating: "b", count: 200_000)] {
            let names = try #require(
                try names(
                    "Pod", #"{"spec":{"imagePullSecrets":[{"name":"\#(long)"}],"serviceAccountName":"\#(long)"}}"#,
                    namespace: long))
            #expect(names.secrets.count == 1)
            for name in names.secrets + [names.serviceAccount, names.namespace] {
                #expect(name.utf8.count < 300 && name.hasSuffix("…"))
            }
        }
        let longest = String(repeating: "c", count: 253)
        #expect(PullSecretNames(namespace: "team", secrets: [longest]).secrets == [longest])
    }

    @Test func rulesNameSecretsOfTheServersNamespace() throws {
        let extra = #""imageRegistryCredentials":{"secrets":["a","b"]}"#
        let rules = "[\(Sample.rule(entries: "[\(Sample.entry(extra: extra))]"))]"
        let policy = try policy(Sample.policy(rules: rules))
        // What autogen makes of the rule opens the same.
        #expect(policy.rules.count > 1)
        #expect(policy.rules.allSatisfy { $0.entries.first?.registrySecrets == ["a", "b"] })
        let namespaced = try problems(Sample.policy(kind: "Policy", metadata: #""namespace":"prod""#, rules: rules))
        #expect(namespaced.first?.path == "spec.rules[0].verifyImages[0].imageRegistryCredentials.secrets")
        #expect(namespaced.first?.reason.contains("write a ClusterPolicy") == true)
    }
}

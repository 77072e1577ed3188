import JSON
import OpenSSL
import Testing
import Verification

@testable import Policy

@Suite("Attestors with variables and Secrets")
struct RequirementTemplateTests {
    static let context = #""context":[{"name":"keys","configMap":{"name":"keys","namespace":"default"}}]"#

    static var facts: TableFacts {
        let data =
            #"{"data":{"prod":\#(TestKeys.quoted(TestKeys.pems[0])),"two":\#(TestKeys.quoted(TestKeys.pems[0] + TestKeys.pems[1])),"secret":"k8s://prod/signer","text":"no key","braces":"{{ request.namespace }}","repo":"ghcr.io/org/sigs"}}"#
        return TableFacts(
            configMaps: ["default/keys": data],
            secrets: ["prod/signer": ["cosign.pub": TestKeys.pems[2]], "prod/empty": ["other": "x"]])
    }

    /// What an entry asks for: each key's number, annotations and repository, or the failure.
    static func requirement(_ entry: String, namespace: String? = nil) async throws -> String {
        let policy = try policy(
            Sample.policy(
                kind: namespace == nil ? "ClusterPolicy" : "Policy",
                metadata: namespace.map { #""namespace":"\#($0)""# } ?? "",
                rules: "[\(Sample.rule(entries: "[\(entry)]", extra: context))]"))
        let rule = try #require(policy.rules.first)
        let context = try #require(rule.context)
        #expect(rule.needs == [.context])
        let bindings = await RuleBindings.gather(
            context, for: try ContextTests.input(), from: facts, images: TableImages(), deadline: .now + .seconds(5))
        do throws(RuleFailure) {
            guard let requirement = try rule.entries[0].requirement.requirement(bindings) else { return "nobody" }
            return requirement.attestorSets.map { set in
                "\(set.count) of " + set.entries.map(describe).joined(separator: " ")
            }.joined(separator: ", ")
        } catch {
            return "error: \(error)"
        }
    }

    private static func describe(_ attestor: Attestor) -> String {
        guard case .key(let key) = attestor else { return "?" }
        let index = TestKeys.pems.firstIndex { (try? PublicKey(pem: $0)) == key.key } ?? -1
        let annotations = key.annotations.sorted { $0.key < $1.key }.map { "[\($0.key)=\($0.value)]" }.joined()
        return "\(index)\(annotations)\(key.repository.map { "@\($0)" } ?? "")"
    }

    private static func entry(_ keys: String, beside: String = "", count: String = "") -> String {
        let attestors = #"[{\#(count)"entries":[{"keys":\#(keys)\#(beside)}]}]"#
        return Sample.entry(attestors: attestors)
    }

    @Test(
        "What is asked for",
        arguments: [
            (entry(#"{"publicKeys":"{{ keys.data.{{ request.namespace }} }}"}"#), "1 of 0"),
            // Several keys in one text are several entries.
            (entry(#"{"publicKeys":"{{ keys.data.two }}"}"#), "2 of 0 1"),
            (entry(#"{"publicKeys":"{{ keys.data.two }}"}"#, count: #""count":1,"#), "1 of 0 1"),
            (entry(#"{"secret":{"name":"signer","namespace":"prod"}}"#), "1 of 2"),
            (entry(#"{"secret":{"name":"signer","namespace":"{{ request.namespace }}"}}"#), "1 of 2"),
            (entry(#"{"publicKeys":"k8s://prod/signer"}"#), "1 of 2"),
            (#"{"image":"ghcr.io/org/*","key":"k8s://prod/signer"}"#, "1 of 2"),
            (#"{"image":"ghcr.io/org/*","key":"{{ keys.data.prod }}"}"#, "1 of 0"),
            (
                entry(
                    #"{"publicKeys":"{{ keys.data.prod }}"}"#,
                    beside:
                        #","annotations":{"ns":"{{ request.namespace }}","b":"{{ keys.data.braces }}","key":"k8s://a/b"},"repository":"{{ keys.data.repo }}""#
                ),
                "1 of 0[b={{ request.namespace }}][key=k8s://a/b][ns=prod]@ghcr.io/org/sigs"
            ),
        ])
    func asks(_ entry: String, _ expected: String) async throws {
        #expect(try await Self.requirement(entry) == expected)
    }

    @Test(
        "What fails",
        arguments: [
            (entry(#"{"publicKeys":"{{ keys.data.nope }}"}"#), "undefined"),
            (entry(#"{"publicKeys":"{{ keys.data.text }}"}"#), "is no public key"),
            // Data cannot name a Secret, and is not looked through for variables.
            (entry(#"{"publicKeys":"{{ keys.data.secret }}"}"#), "error: "),
            (entry(#"{"publicKeys":"{{ keys.data.braces }}"}"#), "is no public key"),
            (entry(#"{"secret":{"name":"empty","namespace":"prod"}}"#), "Secret prod/empty has no cosign.pub"),
            (entry(#"{"secret":{"name":"gone","namespace":"prod"}}"#), "Secret prod/gone: is not there"),
            (
                entry(#"{"publicKeys":"k8s://{{ request.namespace }}/{{ request.object.metadata.labels.x }}"}"#),
                "not of the form"
            ),
        ])
    func fails(_ entry: String, _ expected: String) async throws {
        let result = try await Self.requirement(entry)
        #expect(result.hasPrefix("error: ") && result.contains(expected), "\(result)")
    }

    @Test("A namespaced policy reads Secrets of its own namespace only")
    func ownNamespace() async throws {
        let own = Self.entry(#"{"secret":{"name":"signer","namespace":"prod"}}"#)
        let context = #""context":[{"name":"keys","configMap":{"name":"keys","namespace":"prod"}}]"#
        _ = context
        func text(_ entry: String) -> String {
            Sample.policy(
                kind: "Policy", metadata: #""namespace":"prod""#, rules: "[\(Sample.rule(entries: "[\(entry)]"))]")
        }
        #expect(try problems(text(own)).isEmpty)
        for other in [
            #"{"secret":{"name":"signer","namespace":"default"}}"#, #"{"publicKeys":"k8s://default/signer"}"#,
        ] {
            let problems = try problems(text(Self.entry(other)))
            #expect(problems.contains { $0.reason.contains("own namespace only") })
        }
        let chosen = try policy(text(Self.entry(#"{"publicKeys":"k8s://{{ 'default' }}/signer"}"#)))
        let bindings = await RuleBindings.gather(
            try #require(chosen.rules.first?.context), for: try ContextTests.input(), from: Self.facts,
            images: TableImages(), deadline: .now + .seconds(5))
        let source = chosen.rules[0].entries[0].requirement
        #expect(throws: RuleFailure.self) { try source.requirement(bindings) }
    }

    /// Answers once as many Secrets are asked for as it expects.
    private actor Meeting: ClusterFacts {
        private let expected: Int
        private var waiting: [CheckedContinuation<Void, Never>] = []

        init(of expected: Int) { self.expected = expected }

        func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
            await withCheckedContinuation { continuation in
                waiting.append(continuation)
                if waiting.count == expected { for one in waiting { one.resume() } }
            }
            return ["cosign.pub": Array(TestKeys.pems[2].utf8)]
        }

        func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] { [:] }
        func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
            throw FactFailure(.notFound, name, "is not there")
        }
        func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles { UserRoles() }
        func object(at path: String) async throws(FactFailure) -> Value {
            throw FactFailure(.notFound, path, "is not there")
        }
    }

    @Test("All Secrets are asked for at once", .timeLimit(.minutes(1)))
    func atOnce() async throws {
        let keys = (0..<3).map { #"{"keys":{"secret":{"name":"key\#($0)","namespace":"prod"}}}"# }
        let entry = Sample.entry(attestors: #"[{"entries":[\#(keys.joined(separator: ","))]}]"#)
        let rule = try #require(
            try policy(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]")).rules.first)
        let bindings = await RuleBindings.gather(
            try #require(rule.context), for: try ContextTests.input(), from: Meeting(of: 3), images: TableImages(),
            deadline: .now + .seconds(5))
        #expect(try rule.entries[0].requirement.requirement(bindings) != nil)
    }

    @Test("What does not hang on variables is looked at when the policy is loaded")
    func shape() throws {
        let template = #"{"publicKeys":"{{ keys.data.prod }}"}"#
        for (entry, path) in [
            (Self.entry(template, count: #""count":2,"#), "attestors[0].count"),
            (
                Self.entry(#"{"publicKeys":"{{ keys.data.prod }}","kms":"awskms:///a"}"#),
                "attestors[0].entries[0].keys.kms"
            ),
            (
                Self.entry(#"{"publicKeys":"{{ keys.data.prod }}","signatureAlgorithm":"{{ keys.data.x }}"}"#),
                "attestors[0].entries[0].keys.signatureAlgorithm"
            ),
            (Self.entry(template, beside: #","what":1"#), "attestors[0].entries[0].what"),
            (Self.entry(#"{"publicKeys":"{{ nothing.data.prod }}"}"#), ""),
        ] {
            let text = Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]", extra: Self.context))]")
            let whole = path.isEmpty ? "spec.rules[0]" : "spec.rules[0].verifyImages[0].\(path)"
            let problems = try problems(text)
            #expect(problems.map(\.path).contains(whole), "\(problems)")
        }
    }
}

import JSON
import Testing

@testable import Policy

/// Every field of the ClusterPolicy CRD (kyverno.io/v1, v2beta1) that a policy with `verifyImages` rules can carry: it
/// loads, or is refused by its path.
@Suite struct FieldTests {
    struct Field: Sendable, CustomTestStringConvertible {
        /// The table it belongs to, and its name.
        var table: String
        var name: String
        /// A value that says something.
        var value: String
        var isRefused: Bool

        var testDescription: String { "\(table): \(name)" }
    }

    private static func loads(_ table: String, _ name: String, _ value: String) -> Field {
        Field(table: table, name: name, value: value, isRefused: false)
    }

    private static func refused(_ table: String, _ name: String, _ value: String) -> Field {
        Field(table: table, name: name, value: value, isRefused: true)
    }

    private static let selector = #"{"matchLabels":{"a":"b"}}"#

    static var fields: [Field] {
        [
            loads("a policy", "status", #"{"ready":true}"#),

            loads("spec", "applyRules", #""One""#), loads("spec", "failurePolicy", #""Ignore""#),
            loads("spec", "validationFailureAction", #""enforce""#),
            loads("spec", "webhookConfiguration", #"{"timeoutSeconds":5}"#),
            loads("spec", "webhookTimeoutSeconds", "30"), loads("spec", "admission", "true"),
            loads("spec", "emitWarning", "true"), loads("spec", "background", "false"),
            loads("spec", "schemaValidation", "false"), loads("spec", "generateExisting", "true"),
            loads("spec", "generateExistingOnPolicyUpdate", "true"),
            loads("spec", "mutateExistingOnPolicyUpdate", "true"), loads("spec", "useServerSideApply", "true"),
            loads("spec", "validationFailureActionOverrides", #"[{"action":"Audit","namespaces":["dev"]}]"#),

            loads("an override", "namespaces", #"["prod"]"#), loads("an override", "namespaceSelector", selector),

            loads("webhookConfiguration", "failurePolicy", #""Fail""#),
            loads("webhookConfiguration", "timeoutSeconds", "1"),
            refused("webhookConfiguration", "matchConditions", #"[{"name":"a","expression":"true"}]"#),

            loads("a rule", "exclude", #"{"any":[{"resources":{"namespaces":["dev"]}}]}"#),
            loads("a rule", "skipBackgroundRequests", "true"), loads("a rule", "reportProperties", #"{"a":"b"}"#),
            loads("a rule", "context", #"[{"name":"a","configMap":{"name":"b","namespace":"c"}}]"#),
            loads("a rule", "preconditions", #"{"all":[{"key":"a","operator":"Equals","value":"a"}]}"#),
            refused("a rule", "celPreconditions", #"[{"name":"a","expression":"true"}]"#),
            loads("a rule", "imageExtractors", #"{"Task":[{"path":"/spec/steps/*/image"}]}"#),
            refused("a rule", "mutate", #"{"patchStrategicMerge":{"a":"b"}}"#),
            refused("a rule", "validate", #"{"pattern":{"a":"b"}}"#),
            refused("a rule", "generate", #"{"kind":"Secret"}"#),

            loads("match", "subjects", #"[{"kind":"User","name":"a"}]"#), loads("match", "roles", #"["a:b"]"#),
            loads("match", "clusterRoles", #"["a"]"#),

            loads("a filter", "subjects", #"[{"kind":"User","name":"a"}]"#),
            loads("a filter", "roles", #"["a:b"]"#), loads("a filter", "clusterRoles", #"["a"]"#),

            loads("a subject", "namespace", #""a""#), loads("a subject", "apiGroup", #""rbac.authorization.k8s.io""#),

            loads("resources", "names", #"["a*"]"#), loads("resources", "name", #""a*""#),
            loads("resources", "namespaces", #"["a*"]"#), loads("resources", "operations", #"["CREATE"]"#),
            loads("resources", "annotations", #"{"a":"b"}"#), loads("resources", "selector", selector),
            loads("resources", "namespaceSelector", selector),

            loads("a label selector", "matchLabels", #"{"a":"b"}"#),
            loads("a label selector", "matchExpressions", #"[{"key":"a","operator":"Exists"}]"#),

            loads("an entry of verifyImages", "skipImageReferences", #"["ghcr.io/org/debug:*"]"#),
            loads("an entry of verifyImages", "type", #""SigstoreBundle""#),
            loads("an entry of verifyImages", "annotations", #"{"team":"blue"}"#),
            loads("an entry of verifyImages", "repository", #""ghcr.io/org/signatures""#),
            loads("an entry of verifyImages", "failureAction", #""Enforce""#),
            loads("an entry of verifyImages", "mutateDigest", "false"),
            loads("an entry of verifyImages", "verifyDigest", "false"),
            loads("an entry of verifyImages", "required", "false"),
            loads("an entry of verifyImages", "useCache", "true"),
            loads("an entry of verifyImages", "cosignOCI11", "true"),
            loads("an entry of verifyImages", "imageRegistryCredentials", #"{"allowInsecureRegistry":false}"#),
            loads("an entry of verifyImages", "validate", #"{"message":"a"}"#),
            loads("an entry of verifyImages", "attestations", "[]"),
            refused("an entry of verifyImages", "roots", #""a""#),
            refused("an entry of verifyImages", "subject", #""a""#),
            refused("an entry of verifyImages", "issuer", #""a""#),
            refused("an entry of verifyImages", "additionalExtensions", #"{"a":"b"}"#),

            loads("an attestation", "name", #""a""#),
            loads("an attestation", "conditions", #"[{"all":[{"key":"a","operator":"Equals","value":"a"}]}]"#),

            loads("validate", "message", #""a""#),
            loads("validate", "deny", #"{"conditions":{"any":[{"key":"a","operator":"Equals","value":"b"}]}}"#),

            loads("imageRegistryCredentials", "allowInsecureRegistry", "false"),
            loads("imageRegistryCredentials", "providers", #"["default"]"#),
            loads("imageRegistryCredentials", "secrets", #"["a"]"#),

            loads("a set of attestors", "count", "1"),

            loads("an attestor", "annotations", #"{"team":"blue"}"#),
            loads("an attestor", "repository", #""ghcr.io/org/signatures""#),
            loads("an attestor", "signatureAlgorithm", #""sha512""#),

            loads("keys", "signatureAlgorithm", #""sha384""#),
            loads("keys", "rekor", #"{"url":"https://rekor.sigstore.dev"}"#),
            loads("keys", "ctlog", #"{"ignoreSCT":true}"#),
            refused("keys", "kms", #""awskms:///alias/a""#),

            loads("certificates", "certChain", TestCertificates.quoted("chain")),
            loads("certificates", "rekor", #"{"url":"https://rekor.sigstore.dev"}"#),
            loads("certificates", "ctlog", #"{"ignoreSCT":true}"#),

            loads("rekor", "url", #""https://rekor.sigstore.dev""#), loads("rekor", "ignoreTlog", "true"),
            refused("rekor", "pubkey", #""a""#),

            loads("ctlog", "ignoreSCT", "false"), refused("ctlog", "pubkey", #""a""#),
            refused("ctlog", "tsaCertChain", #""a""#),
        ]
    }

    /// Fields without which the sample would be no policy, or that stand in place of others: tried by other tests.
    static let others: [String: Set<String>] = [
        "a policy": ["apiVersion", "kind", "metadata", "spec"], "spec": ["rules"], "an override": ["action"],
        "a rule": ["name", "match", "verifyImages"], "match": ["any", "all", "resources"], "a filter": ["resources"],
        "resources": ["kinds"], "a subject": ["kind", "name"],
        "a label expression": ["key", "operator", "values"],
        "an entry of verifyImages": ["image", "imageReferences", "key", "attestors"],
        "a set of attestors": ["entries"], "an attestor": ["keys", "attestor", "certificates", "keyless"],
        "keys": ["publicKeys", "secret"], "certificates": ["cert"],
        "an attestation": ["type", "predicateType", "attestors"],
    ]

    /// A policy that has `field` in its place, and the path of that place.
    private func policy(with name: String, _ value: String, in table: String) throws -> (text: String, path: String) {
        let added = #","\#(name)":\#(value)"#
        func when(_ here: String) -> String { here == table ? added : "" }
        func inside(_ here: String, _ object: String) -> String {
            here == table ? #","\#(object)":{"\#(name)":\#(value)}"# : ""
        }
        let keys =
            #"{"publicKeys":\#(Sample.key)\#(when("keys"))\#(inside("rekor", "rekor"))\#(inside("ctlog", "ctlog"))}"#
        let certificate =
            table == "certificates" ? #",{"certificates":{"cert":\#(TestCertificates.quoted("leaf"))\#(added)}}"# : ""
        let entries = #"{"keys":\#(keys)\#(when("an attestor"))}\#(certificate)"#
        let set = #"{"entries":[\#(entries)]\#(when("a set of attestors"))}"#
        let attestation =
            table == "an attestation" ? #","attestations":[{"type":"a","attestors":[\#(set)]\#(added)}]"# : ""
        let entry = #"""
            {"imageReferences":["ghcr.io/org/*"],"attestors":[\#(set)]\#(when("an entry of verifyImages"))\#(attestation)
             \#(inside("validate", "validate"))\#(inside("imageRegistryCredentials", "imageRegistryCredentials"))}
            """#
        let subject = table == "a subject" ? #","subjects":[{"kind":"User","name":"a"\#(added)}]"# : ""
        let expression = #"{"key":"a","operator":"In","values":["b"]\#(added)}"#
        var selector = ""
        if table == "a label expression" {
            selector = #","selector":{"matchExpressions":[\#(expression)]}"#
        } else if table == "a label selector" {
            selector = #","selector":{\#(added.dropFirst())}"#
        }
        let filter = #"{"resources":{"kinds":["Pod"]\#(when("resources"))\#(selector)}\#(subject)\#(when("a filter"))}"#
        // What stands beside any and all is a filter of its own.
        let isDirect = value != "null" && ["subjects", "roles", "clusterRoles"].contains(name)
        let match =
            table == "match" && isDirect
            ? #"{"resources":{"kinds":["Pod"]}\#(added)}"# : #"{"any":[\#(filter)]\#(when("match"))}"#
        let rule = #"{"name":"a","match":\#(match),"verifyImages":[\#(entry)]\#(when("a rule"))}"#
        // Either of its two clauses is enough, so that the other may be null.
        let clause = name == "namespaces" ? #""namespaceSelector":{}"# : #""namespaces":["dev"]"#
        let override = #"{"action":"Audit",\#(clause)\#(added)}"#
        let overrides = table == "an override" ? #","validationFailureActionOverrides":[\#(override)]"# : ""
        let spec =
            #"{"rules":[\#(rule)]\#(overrides)\#(when("spec"))\#(inside("webhookConfiguration", "webhookConfiguration"))}"#
        let text = #"""
            {"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"p"},
             "spec":\#(spec)\#(when("a policy"))}
            """#

        let inEntry = "spec.rules[0].verifyImages[0]"
        let inSet = inEntry + ".attestors[0]"
        let inAttestor = inSet + ".entries[0]"
        let places = [
            "a policy": "", "spec": "spec.", "an override": "spec.validationFailureActionOverrides[0].",
            "webhookConfiguration": "spec.webhookConfiguration.",
            "a rule": "spec.rules[0].", "match": "spec.rules[0].match.", "a filter": "spec.rules[0].match.any[0].",
            "resources": "spec.rules[0].match.any[0].resources.",
            "a subject": "spec.rules[0].match.any[0].subjects[0].",
            "a label selector": "spec.rules[0].match.any[0].resources.selector.",
            "a label expression": "spec.rules[0].match.any[0].resources.selector.matchExpressions[0].",
            "an entry of verifyImages": inEntry + ".",
            "validate": inEntry + ".validate.", "imageRegistryCredentials": inEntry + ".imageRegistryCredentials.",
            "a set of attestors": inSet + ".", "an attestor": inAttestor + ".", "keys": inAttestor + ".keys.",
            "an attestation": inEntry + ".attestations[0].",
            "certificates": inSet + ".entries[1].certificates.",
            "rekor": inAttestor + ".keys.rekor.", "ctlog": inAttestor + ".keys.ctlog.",
        ]
        return (text, try #require(places[table]) + name)
    }

    @Test(arguments: fields) func loadsOrIsRefusedByPath(_ field: Field) throws {
        let (text, path) = try policy(with: field.name, field.value, in: field.table)
        let result = try load(text)
        if field.isRefused {
            #expect(result.problems.map(\.path) == [path])
            #expect(result.snapshot == nil)
            // One sentence that says what to do: there is something behind a semicolon.
            let reason = try #require(result.problems.first?.reason)
            #expect(reason.contains("; "), "\(reason)")
        } else {
            #expect(result.problems == [])
            #expect(result.snapshot?.policies.count == 1)
        }
    }

    /// The other fields of the same object come along as they are, and an unknown one is named by its path.
    @Test(arguments: FieldTable.all.map(\.name)) func anUnknownFieldIsRefused(table: String) throws {
        let (text, path) = try policy(with: "futureField", "1", in: table)
        let problems = try problems(text)
        #expect(problems.map(\.path) == [path])
        #expect(problems.first?.reason == "unknown field \"futureField\" in \(table)")
    }

    @Test func aNearMissIsNamed() throws {
        let (text, _) = try policy(with: "mutatedigest", "true", in: "an entry of verifyImages")
        let problem = try #require(try problems(text).first)
        #expect(problem.reason.hasSuffix("; \"mutateDigest\" is meant"))
    }

    @Test(arguments: fields) func nullIsAsIfNotThere(_ field: Field) throws {
        let (text, _) = try policy(with: field.name, "null", in: field.table)
        #expect(try problems(text) == [])
    }

    /// Old versions of Kyverno wrote empty objects for everything that a rule does not do.
    @Test(arguments: ["mutate", "validate", "generate"]) func emptyFieldsSayNothing(name: String)
        throws
    {
        for value in ["{}", #"{"clone":{}}"#, #"{"a":{"b":[],"c":"","d":false}}"#] {
            let (text, _) = try policy(with: name, value, in: "a rule")
            #expect(try problems(text) == [], "\(value)")
        }
    }

    /// The list above and the tables are the same.
    @Test func theListIsComplete() {
        for table in FieldTable.all {
            let listed = Set(Self.fields.filter { $0.table == table.name }.map(\.name))
            #expect(listed.union(Self.others[table.name] ?? []) == Set(table.fields.keys), "\(table.name)")
        }
    }
}

import JMESPath
import JSON
import OpenSSL
import Testing
import Verification

@testable import Policy

/// Facts that are written down in the test; everything else is not there.
struct TableFacts: ClusterFacts {
    var configMaps: [String: String] = [:]
    var secrets: [String: [String: String]] = [:]
    var objects: [String: String] = [:]

    func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] { throw missing(name) }

    func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try value(configMaps["\(namespace)/\(name)"], "ConfigMap \(namespace)/\(name)")
    }

    func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        guard let secret = secrets["\(namespace)/\(name)"] else { throw missing("Secret \(namespace)/\(name)") }
        return secret.mapValues { Array($0.utf8) }
    }

    func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles { throw missing(user.username) }

    func object(at path: String) async throws(FactFailure) -> Value { try value(objects[path], path) }

    private func value(_ json: String?, _ fact: String) throws(FactFailure) -> Value {
        guard let json, let document = try? Document(json) else { throw missing(fact) }
        return document.root
    }

    private func missing(_ fact: String) -> FactFailure { FactFailure(.notFound, fact, "is not there") }
}

struct TableImages: ImageMetadataSource {
    var images: [String: String] = [:]

    func metadata(of text: String, deadline: ContinuousClock.Instant) async throws(RuleFailure) -> Node {
        guard let json = images[text], let document = try? Document(json) else {
            throw RuleFailure("image \(text): not found")
        }
        return .json(document.root)
    }
}

@Suite("The context of a rule")
struct ContextTests {
    static let pod = #"""
        {"namespace":"prod","operation":"CREATE","object":{"metadata":{"name":"p","labels":{"cm":"tenant","x":"a/../b"}},
         "spec":{"containers":[{"name":"a","image":"ghcr.io/org/app:v1"}]}}}
        """#

    static func input(_ request: String = pod) throws -> ScopeInput {
        let request = try Document(request).root
        let images = request["object"].map { ResourceImages.images(in: $0, kind: "Pod") } ?? []
        return ScopeInput(request: request, username: "system:serviceaccount:ci:builder", images: images)
    }

    static let facts = TableFacts(
        configMaps: [
            "default/keys": #"{"metadata":{"name":"keys"},"data":{"prod":"KEY","list":"[\"a*\"]"}}"#,
            "prod/tenant": #"{"data":{"list":"[\"a*\"]"}}"#,
        ],
        objects: [
            "/api/v1/namespaces/prod/configmaps/keys": #"{"data":{"n":3}}"#,
            "/apis/apps/v1/namespaces/prod/deployments": #"{"items":[1,2]}"#,
        ])
    static let images = TableImages(images: [
        "ghcr.io/org/app:v1": #"{"configData":{"config":{"User":"root"}},"manifest":{}}"#
    ])

    /// What `text` is in a rule with this context: its JSON, or the sentence of the failure.
    static func value(_ text: String, _ context: String, namespace: String? = nil, request: String = pod) async throws
        -> String
    {
        let plain = text
        let text = TestKeys.quoted(text)
        let metadata = namespace.map { #""namespace":"\#($0)""# } ?? ""
        let precondition = #""preconditions":{"all":[{"key":\#(text),"operator":"Equals","value":1}]}"#
        let policy = try policy(
            Sample.policy(
                kind: namespace == nil ? "ClusterPolicy" : "Policy", metadata: metadata,
                rules: "[\(Sample.rule(extra: #""context":\#(context),\#(precondition)"#))]"))
        let context = try #require(policy.rules.first?.context)
        let bindings = await RuleBindings.gather(
            context, for: try input(request), from: facts, images: images, deadline: .now + .seconds(5))
        let template = try TextTemplate(plain)
        do throws(RuleFailure) {
            return try template.node(in: bindings.scope).json
        } catch {
            return "error: \(error)"
        }
    }

    @Test(
        "What entries come to",
        arguments: [
            ("{{ keys.data.{{ request.namespace }} }}", #"[{"name":"keys","configMap":{"name":"keys"}}]"#, #""KEY""#),
            (
                "{{ keys.metadata.name }}", #"[{"name":"keys","configMap":{"name":"keys","namespace":"default"}}]"#,
                #""keys""#
            ),
            (
                "{{ a }}", #"[{"name":"a","variable":{"value":{"x":["{{ request.namespace }}",2]}}}]"#,
                #"{"x":["prod",2]}"#
            ),
            ("{{ a }}", #"[{"name":"a","variable":{"value":{"x":3},"jmesPath":"x"}}]"#, "3"),
            ("{{ a }}", #"[{"name":"a","variable":{"value":{"prod":3},"jmesPath":"{{ request.namespace }}"}}]"#, "3"),
            ("{{ a }}", #"[{"name":"a","variable":{"jmesPath":"request.object.metadata.name"}}]"#, #""p""#),
            (
                "{{ a }}",
                #"[{"name":"a","variable":{"jmesPath":"request.nope","default":"d-{{ request.namespace }}"}}]"#,
                #""d-prod""#
            ),
            ("{{ a }}", #"[{"name":"a","variable":{"value":{"x":null},"jmesPath":"x","default":0}}]"#, "0"),
            (
                "{{ a }}", #"[{"name":"a","variable":{"jmesPath":"request.nope"}}]"#,
                "error: context entry a has no value, and no default"
            ),
            // Each sees those before it.
            ("{{ b }}", #"[{"name":"a","variable":{"value":1}},{"name":"b","variable":{"value":"{{ a }}"}}]"#, "1"),
            (
                "{{ c.configData.config.User }}",
                #"[{"name":"c","imageRegistry":{"reference":"{{ images.containers.a.reference }}"}}]"#, #""root""#
            ),
            (
                "{{ c }}",
                #"[{"name":"c","imageRegistry":{"reference":"ghcr.io/org/app:v1","jmesPath":"configData.config.User"}}]"#,
                #""root""#
            ),
            (
                "{{ c }}",
                #"[{"name":"c","imageRegistry":{"reference":"ghcr.io/org/app:v1","jmesPath":"nope.at.all"}}]"#,
                "error: context entry c: {{ nope.at.all }} is undefined in what was found"
            ),
            (
                "{{ c }}", #"[{"name":"c","imageRegistry":{"reference":"ghcr.io/other:v1"}}]"#,
                "error: context entry c: image ghcr.io/other:v1: not found"
            ),
            (
                "{{ d }}",
                #"[{"name":"d","apiCall":{"urlPath":"/api/v1/namespaces/{{ request.namespace }}/configmaps/keys","jmesPath":"data.n"}}]"#,
                "3"
            ),
            (
                "{{ d }}",
                #"[{"name":"d","apiCall":{"urlPath":"/apis/apps/v1/namespaces/prod/deployments","jmesPath":"length(items)","method":"GET"}}]"#,
                "2"
            ),
            // What a variable yields is one element of a path.
            (
                "{{ d }}",
                #"[{"name":"d","apiCall":{"urlPath":"/api/v1/namespaces/prod/configmaps/{{ request.object.metadata.labels.x }}"}}]"#,
                "error: context entry d: \"a/../b\" is no name of an object of Kubernetes"
            ),
            // One that fails makes no difference to what does not read it, and a default does not hide it.
            ("{{ request.namespace }}", #"[{"name":"gone","configMap":{"name":"gone"}}]"#, #""prod""#),
            (
                "{{ gone.data.x || 'd' }}", #"[{"name":"gone","configMap":{"name":"gone"}}]"#,
                "error: context entry gone: ConfigMap default/gone: is not there"
            ),
            (
                "{{ b || `1` }}",
                #"[{"name":"gone","configMap":{"name":"gone"}},{"name":"b","variable":{"jmesPath":"gone.data.x","default":1}}]"#,
                "error: context entry b: context entry gone: ConfigMap default/gone: is not there"
            ),
            // Who sent it, and its images.
            ("{{ serviceAccountName }}.{{ serviceAccountNamespace }}", "[]", #""builder.ci""#),
            (
                "{{ images.containers.a.registry }}/{{ images.containers.*.path | [0] }}:{{ images.containers.a.tag }}",
                "[]", #""ghcr.io/org/app:v1""#
            ),
            (
                "{{ images.containers.a.name }} {{ images.containers.a.referenceWithTag }} {{ images.containers.a.jsonPointer }}",
                "[]", #""app ghcr.io/org/app:v1 /spec/containers/0/image""#
            ),
            ("{{ images.containers.a.digest || 'none' }}", "[]", #""none""#),
        ])
    func evaluates(_ text: String, _ context: String, _ expected: String) async throws {
        #expect(try await Self.value(text, context) == expected)
    }

    @Test("One image that is no reference makes all images an error")
    func unparsable() async throws {
        let request =
            #"{"object":{"spec":{"containers":[{"name":"a","image":"ghcr.io/a:1"},{"name":"b","image":"NO IMAGE"}]}}}"#
        #expect(
            try await Self.value("{{ images.containers.a.tag }}", "[]", request: request).hasPrefix(
                "error: {{ images }}: \"NO IMAGE\" at /spec/containers/1/image is no image"))
    }

    @Test("A namespaced policy reads its own namespace only")
    func ownNamespace() async throws {
        let own = #"[{"name":"a","configMap":{"name":"tenant","namespace":"prod"}}]"#
        #expect(try await Self.value("{{ a.data.list }}", own, namespace: "prod") == #""[\"a*\"]""#)
        let chosen =
            #"[{"name":"a","configMap":{"name":"keys","namespace":"{{ request.object.metadata.labels.ns || 'default' }}"}}]"#
        #expect(try await Self.value("{{ a.data.list }}", chosen, namespace: "prod").contains("own namespace only"))
        let call = #"[{"name":"a","apiCall":{"urlPath":"/api/v1/namespaces/{{ 'default' }}/configmaps/keys"}}]"#
        #expect(try await Self.value("{{ a }}", call, namespace: "prod").contains("own namespace only"))
    }

    @Test(
        "Contexts that are refused",
        arguments: [
            (#"[{"name":"a","configMap":{"name":"b"}}]"#, "prod", "context[0].configMap.namespace"),
            (
                #"[{"name":"a","configMap":{"name":"b","namespace":"default"}}]"#, "prod",
                "context[0].configMap.namespace"
            ),
            (
                #"[{"name":"a","apiCall":{"urlPath":"/api/v1/namespaces/default/configmaps"}}]"#, "prod",
                "context[0].apiCall.urlPath"
            ),
            (#"[{"name":"a","apiCall":{"urlPath":"/api/v1/configmaps"}}]"#, "prod", "context[0].apiCall.urlPath"),
            (
                #"[{"name":"a","apiCall":{"urlPath":"/api/v1/namespaces/prod/../default/configmaps"}}]"#, "prod",
                "context[0].apiCall.urlPath"
            ),
            (
                #"[{"name":"a","apiCall":{"urlPath":"/api/v1/namespaces/prod%2f..%2fdefault/configmaps"}}]"#, nil,
                "context[0].apiCall.urlPath"
            ),
            (#"[{"name":"a","apiCall":{"urlPath":"https://evil.example"}}]"#, nil, "context[0].apiCall.urlPath"),
            (#"[{"name":"a","apiCall":{"urlPath":"/api/v1/pods","method":"POST"}}]"#, nil, "context[0].apiCall.method"),
            (
                #"[{"name":"a","apiCall":{"urlPath":"/api/v1/pods","data":[{"key":"a","value":"b"}]}}]"#, nil,
                "context[0].apiCall.data"
            ),
            (#"[{"name":"a","apiCall":{"service":{"url":"https://a"}}}]"#, nil, "context[0].apiCall.service"),
            (#"[{"name":"a","globalReference":{"name":"b"}}]"#, nil, "context[0].globalReference"),
            (#"[{"name":"request","variable":{"value":1}}]"#, nil, "context[0].name"),
            (#"[{"name":"a","variable":{"value":1}},{"name":"a","variable":{"value":2}}]"#, nil, "context[1].name"),
            (#"[{"variable":{"value":1}}]"#, nil, "context[0].name"), (#"[{"name":"a"}]"#, nil, "context[0]"),
            (#"[{"name":"a","variable":{}}]"#, nil, "context[0].variable"),
            (#"[{"name":"a","variable":{"value":1},"configMap":{"name":"b"}}]"#, nil, "context[0]"),
            (#"[{"name":"a","variable":{"jmesPath":"a b"}}]"#, nil, "context[0].variable.jmesPath"),
            (#"[{"name":"a","variable":{"value":"{{ b }}"}},{"name":"b","variable":{"value":1}}]"#, nil, "context[0]"),
            (
                #"[{"name":"a","imageRegistry":{"reference":"a","imageRegistryCredentials":{"secrets":["a"]}}}]"#, nil,
                "context[0].imageRegistry.imageRegistryCredentials"
            ),
        ] as [(String, String?, String)])
    func refused(_ context: String, _ namespace: String?, _ path: String) throws {
        let text = Sample.policy(
            kind: namespace == nil ? "ClusterPolicy" : "Policy",
            metadata: namespace.map { #""namespace":"\#($0)""# } ?? "",
            rules: "[\(Sample.rule(extra: #""context":\#(context)"#))]")
        let problems = try problems(text)
        #expect(problems.map(\.path).contains("spec.rules[0].\(path)"), "\(problems)")
    }

    @Test("Every unknown field of the language is refused", arguments: FieldTable.language.map(\.name))
    func unknownField(_ table: String) throws {
        let findings = Findings(file: "", policy: "")
        let found = try #require(FieldTable.language.first { $0.name == table })
        _ = ObjectReader(try Document(#"{"futureField":1}"#).root, found, at: .root, findings)
        #expect(findings.problems.map(\.path) == ["futureField"])
    }

    @Test("Only what is used is asked for")
    func lazy() throws {
        let context = #""context":[{"name":"a","configMap":{"name":"b"}},{"name":"v","variable":{"value":"{{ a }}"}}]"#
        func needs(_ precondition: String) throws -> RuleNeeds {
            let preconditions = #""preconditions":[{"key":"\#(precondition)","operator":"Equals","value":1}]"#
            return try #require(try policy(rules: "[\(Sample.rule(extra: "\(context),\(preconditions)"))]").rules.first)
                .needs
        }
        #expect(try needs("{{ request.namespace }}") == [])
        #expect(try needs("{{ v }}") == [.context])
        #expect(try needs("{{ length(keys(@)) }}") == [.context])
        #expect(try policy(rules: "[\(Sample.rule(extra: context))]").rules.first?.context == nil)
    }
}

import JSON
import Kubernetes
import Policy
import Testing

@testable import Cluster

@Suite("The webhook configurations that policies need")
struct DesiredWebhooksTests {
    private func desired(
        _ policies: [ImagePolicy], at installation: Installation = Installation(),
        caBundle: CABundle? = .pem("CA\n"), excluding: Set<String> = DesiredWebhooks.systemNamespaces
    ) -> DesiredWebhooks {
        DesiredWebhooks(
            for: PolicySnapshot(policies), at: installation, caBundle: caBundle, excludedNamespaces: excluding)
    }

    private func object(_ configuration: WebhookConfiguration, replacing: Value? = nil) throws -> Value {
        try Document(configuration.object(replacing: replacing)).root
    }

    private func value(_ text: String) throws -> Value { try Document(Array(text.utf8)).root }

    @Test("Without policies there is only the webhook that looks at policies")
    func none() throws {
        let desired = desired([])
        #expect(desired.configurations.map(\.name) == ["countersign-policies", "countersign", "countersign"])
        #expect(desired.configurations.map(\.webhooks.count) == [1, 0, 0])
        let webhook = try #require(desired.configurations[0].webhooks.first)
        #expect(webhook.name == "policies.countersign.svc")
        #expect(webhook.path == "/policies")
        #expect(webhook.excludedNamespaces.isEmpty)
        #expect(webhook.rules.map(\.resources) == [["clusterpolicies", "policies", "policyexceptions"]])
        #expect(webhook.rules.map(\.operations) == [["CREATE", "UPDATE"]])
    }

    @Test("One webhook for each failure policy in use, with the longest time that any policy asks for")
    func failurePolicies() throws {
        let fail = [
            try RegisteredPolicy.make("a", kinds: ["Pod"], timeout: 5),
            try RegisteredPolicy.make("b", kinds: ["Job"], timeout: 30),
        ]
        let ignore = try RegisteredPolicy.make("c", kinds: ["CronJob"], failurePolicy: "Ignore", timeout: 3)
        let mixed = desired(fail + [ignore])
        for (configuration, phase) in zip(mixed.configurations.dropFirst(), ["mutate", "validate"]) {
            #expect(
                configuration.webhooks.map(\.name) == [
                    "\(phase)-fail.countersign.svc", "\(phase)-ignore.countersign.svc",
                ])
            #expect(configuration.webhooks.map(\.path) == ["/\(phase)/fail", "/\(phase)/ignore"])
            #expect(configuration.webhooks.map(\.failurePolicy) == ["Fail", "Ignore"])
            #expect(configuration.webhooks.map(\.timeoutSeconds) == [30, 30])
            #expect(configuration.webhooks[1].rules == [WebhookRule(group: "batch", resources: ["cronjobs"])])
            #expect(
                configuration.webhooks[0].rules == [
                    WebhookRule(group: "", resources: ["pods", "pods/ephemeralcontainers"]),
                    WebhookRule(group: "batch", resources: ["jobs"]),
                ])
        }
        #expect(desired([ignore]).configurations[1].webhooks.map(\.failurePolicy) == ["Ignore"])
        #expect(desired(fail).configurations[1].webhooks.map(\.failurePolicy) == ["Fail"])
    }

    @Test("A kind that policies of both failure policies look at is in both webhooks")
    func shared() throws {
        let fail = try RegisteredPolicy.make("a", kinds: ["Pod", "Job"])
        let ignore = try RegisteredPolicy.make("b", kinds: ["Pod", "CronJob"], failurePolicy: "Ignore", timeout: 20)
        let webhooks = desired([fail, ignore]).configurations[1].webhooks
        #expect(
            webhooks.map { $0.rules.flatMap(\.resources) } == [
                ["pods", "pods/ephemeralcontainers", "jobs"], ["pods", "pods/ephemeralcontainers", "cronjobs"],
            ])
        #expect(webhooks.map(\.timeoutSeconds) == [20, 20])
    }

    @Test("A policy that looks at nothing that is verified needs no webhook")
    func lookingAtNothing() throws {
        let deletions = try RegisteredPolicy.make(kinds: ["Pod"], operations: ["DELETE"])
        #expect(desired([deletions]).configurations.map(\.webhooks.count) == [1, 0, 0])
    }

    @Test("Rules for Pods are registered for what autogen makes of them, a rule for any kind for what holds images")
    func kinds() throws {
        let groups = ["", "apps", "batch"]
        let pods = try RegisteredPolicy.make(kinds: ["Pod"], autogen: true)
        #expect(desired([pods]).configurations[1].webhooks[0].rules.map(\.group) == groups)
        let any = try RegisteredPolicy.make(kinds: nil)
        #expect(desired([any]).configurations[1].webhooks[0].rules.map(\.group) == groups)
    }

    @Test("Kinds that nobody has yet are told")
    func unknown() throws {
        let policies = [
            try RegisteredPolicy.make("a", kinds: ["tekton.dev/v1/TaskRun", "Pod"]),
            try RegisteredPolicy.make("b", kinds: ["Octopus"], failurePolicy: "Ignore"),
        ]
        #expect(desired(policies).unknownKinds == ["Octopus", "TaskRun"])
        let known = KnownResources(discovered: [
            .custom("tekton.dev", "v1", "taskruns", "TaskRun"), .custom("sea.test", "v1", "octopodes", "Octopus"),
        ])
        let desired = DesiredWebhooks(
            for: PolicySnapshot(policies), at: Installation(), caBundle: nil, known: known)
        #expect(desired.unknownKinds.isEmpty)
        #expect(
            desired.configurations[1].webhooks[1].rules == [WebhookRule(group: "sea.test", resources: ["octopodes"])])
    }

    @Test("The object says every field, so that it can be compared")
    func fields() throws {
        let configurations = desired([try RegisteredPolicy.make(kinds: ["v1/Pod"], timeout: 7)]).configurations
        let expected = """
            {"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration",\
            "metadata":{"name":"countersign","labels":{"app.kubernetes.io/managed-by":"countersign"},"annotations":{}},\
            "webhooks":[{"name":"mutate-fail.countersign.svc","admissionReviewVersions":["v1"],\
            "clientConfig":{"caBundle":"Q0EK","service":{"name":"countersign","namespace":"countersign",\
            "path":"/mutate/fail","port":443}},"rules":[{"apiGroups":[""],"apiVersions":["v1"],\
            "operations":["CREATE","UPDATE"],"resources":["pods","pods/ephemeralcontainers"],"scope":"*"}],\
            "failurePolicy":"Fail","matchPolicy":"Equivalent","namespaceSelector":{"matchExpressions":[\
            {"key":"kubernetes.io/metadata.name","operator":"NotIn",\
            "values":["countersign","kube-node-lease","kube-public","kube-system"]}]},"objectSelector":{},\
            "reinvocationPolicy":"IfNeeded","sideEffects":"NoneOnDryRun","timeoutSeconds":7}]}
            """
        #expect(try object(configurations[1]).description == expected)
        let validating = try object(configurations[2])
        #expect(validating["kind"]?.string == "ValidatingWebhookConfiguration")
        #expect(validating["webhooks"]?[0]?["reinvocationPolicy"] == nil)
        #expect(validating["webhooks"]?[0]?["clientConfig"]?["service"]?["path"]?.string == "/validate/fail")
        let policies = try object(configurations[0])
        #expect(policies["webhooks"]?[0]?["namespaceSelector"]?.description == "{}")
        #expect(policies["webhooks"]?[0]?["sideEffects"]?.string == "None")
    }

    @Test("Registered by URL, by another service, for other namespaces")
    func places() throws {
        let policies = [try RegisteredPolicy.make()]
        let byURL = desired(policies, at: Installation(webhookURL: "https://127.0.0.1:8443/"), excluding: [])
        let config = try object(byURL.configurations[1])["webhooks"]?[0]
        #expect(
            config?["clientConfig"]?.description == #"{"caBundle":"Q0EK","url":"https://127.0.0.1:8443/mutate/fail"}"#)
        #expect(config?["namespaceSelector"]?["matchExpressions"]?[0]?["values"]?.description == #"["countersign"]"#)

        let elsewhere = desired(policies, at: Installation(namespace: "security", service: "gate"))
        let service = try object(elsewhere.configurations[2])["webhooks"]?[0]?["clientConfig"]?["service"]
        #expect(service?["name"]?.string == "gate")
        #expect(service?["namespace"]?.string == "security")
        #expect(
            elsewhere.configurations[2].webhooks[0].excludedNamespaces
                == ["kube-node-lease", "kube-public", "kube-system", "security"])
    }

    @Test("Where cert-manager writes the CA, we do not")
    func injection() throws {
        let configuration = desired([], caBundle: .injected(from: "countersign/serving")).configurations[0]
        let object = try object(configuration)
        #expect(
            object["metadata"]?["annotations"]?.description
                == #"{"cert-manager.io/inject-ca-from":"countersign/serving"}"#)
        #expect(object["webhooks"]?[0]?["clientConfig"]?["caBundle"] == nil)
    }

    @Test("A replacement keeps what others say of the object, and nothing of its webhooks")
    func replacing() throws {
        let stored = try value(
            """
            {"metadata":{"name":"countersign-policies","uid":"u","resourceVersion":"7","managedFields":[{"manager":"m"}],
             "labels":{"a":"b","app.kubernetes.io/managed-by":"me"},
             "annotations":{"c":"d","cert-manager.io/inject-ca-from":"x/y"},"finalizers":["f"]},
             "webhooks":[{"name":"other"},{"name":"policies.countersign.svc","clientConfig":{"caBundle":"QQ=="}}]}
            """)
        let object = try object(desired([]).configurations[0], replacing: stored)
        let metadata = try #require(object["metadata"])
        #expect(metadata["resourceVersion"]?.string == "7")
        #expect(metadata["uid"]?.string == "u")
        #expect(metadata["finalizers"]?.description == #"["f"]"#)
        #expect(metadata["managedFields"] == nil)
        #expect(metadata["labels"]?.description == #"{"app.kubernetes.io/managed-by":"countersign","a":"b"}"#)
        #expect(metadata["annotations"]?.description == #"{"c":"d"}"#)
        #expect(object["webhooks"]?.count == 1)
        #expect(object["webhooks"]?[0]?["clientConfig"]?["caBundle"]?.string == "Q0EK")

        let injected = try self.object(
            desired([], caBundle: .injected(from: "n/c")).configurations[0], replacing: stored)
        #expect(injected["webhooks"]?[0]?["clientConfig"]?["caBundle"]?.string == "QQ==")
        #expect(injected["metadata"]?["annotations"]?["cert-manager.io/inject-ca-from"]?.string == "n/c")
    }

    @Test("Two objects that say the same are equal, whatever their order; what somebody adds is a difference")
    func comparing() throws {
        func form(_ text: String, ignoring: Bool = false) throws -> LiveConfiguration {
            LiveConfiguration(try value(text), ignoringCABundle: ignoring)
        }
        let stored =
            #"{"metadata":{"name":"n","generation":3},"webhooks":[{"name":"a","x":{"p":1,"q":"r"}},{"name":"b"}]}"#
        let same =
            #"{"webhooks":[{"name":"b","y":null},{"x":{"q":"\u0072","p":1},"name":"a"}],"metadata":{"labels":{"z":"z"}}}"#
        #expect(try form(stored) == form(same))
        for other in [
            #"{"webhooks":[{"name":"a","x":{"p":1,"q":"r"}}]}"#,
            #"{"webhooks":[{"name":"a","x":{"p":1,"q":"r"}},{"name":"b"},{"name":"c"}]}"#,
            #"{"webhooks":[{"name":"a","x":{"p":1,"q":"r","s":{}}},{"name":"b"}]}"#,
            #"{"webhooks":[{"name":"a","x":{"p":2,"q":"r"}},{"name":"b"}]}"#,
            #"{"metadata":{"labels":{"app.kubernetes.io/managed-by":"me"}},"webhooks":[{"name":"a","x":{"p":1,"q":"r"}},{"name":"b"}]}"#,
        ] {
            #expect(try form(stored) != form(other), "\(other)")
        }
        let first = #"{"webhooks":[{"name":"a","clientConfig":{"caBundle":"QQ==","url":"u"}}]}"#
        let second = #"{"webhooks":[{"name":"a","clientConfig":{"url":"u"}}]}"#
        #expect(try form(first) != form(second))
        #expect(try form(first, ignoring: true) == form(second, ignoring: true))
        #expect(LiveConfiguration.caBundles(of: try value(first)) == ["A"])
        #expect(LiveConfiguration.caBundles(of: try value(second)) == [""])
    }
}

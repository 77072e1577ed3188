import JSON
import Kubernetes

/// A MutatingWebhookConfiguration or ValidatingWebhookConfiguration as we want it.
///
/// Every field is said, also where the API server would fill it in, so that what is stored can be compared with what is
/// wanted: whatever differs was changed by somebody else.
///
/// Source: Kubernetes `admissionregistration.k8s.io/v1`.
public struct WebhookConfiguration: Sendable, Hashable {
    /// One item of `webhooks`.
    public struct Webhook: Sendable, Hashable {
        /// At least three labels, as `mutate-fail.countersign.svc`.
        public let name: String
        /// Where at our address the reviews are sent.
        public let path: String
        public let rules: [WebhookRule]
        /// `Fail` or `Ignore`.
        public let failurePolicy: String
        /// 1 to 30.
        public let timeoutSeconds: Int
        /// `NoneOnDryRun` or `None`.
        public let sideEffects: String
        /// The namespaces whose objects the webhook never sees.
        public let excludedNamespaces: [String]

        public init(
            name: String, path: String, rules: [WebhookRule], failurePolicy: String, timeoutSeconds: Int,
            sideEffects: String, excludedNamespaces: [String] = []
        ) {
            self.name = name
            self.path = path
            self.rules = rules
            self.failurePolicy = failurePolicy
            self.timeoutSeconds = timeoutSeconds
            self.sideEffects = sideEffects
            self.excludedNamespaces = excludedNamespaces
        }
    }

    public let type: ResourceType
    public let name: String
    /// Without any, the configuration must not exist.
    public let webhooks: [Webhook]
    public let installation: Installation
    /// Nil while there is none: a configuration without would be one that the API server cannot call.
    public let caBundle: CABundle?

    var objectName: ObjectName { ObjectName(name) }

    /// The object, for server-side apply or, with what is there already, for a replacement.
    ///
    /// - Parameter replacing: What the object is to replace: everything of its `metadata` stays but ours, and nothing of
    ///   its webhooks but what cert-manager injected.
    func object(replacing known: Value? = nil) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.member("apiVersion", type.apiVersion)
        writer.member("kind", type.kind)
        writer.key("metadata")
        writeMetadata(known?["metadata"], to: &writer)
        writer.key("webhooks")
        writer.beginArray()
        for webhook in webhooks { write(webhook, replacing: known, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    // MARK: Metadata

    private var labels: [(key: String, value: String)] { [Installation.managedByLabel] }
    private var annotations: [(key: String, value: String)] {
        caBundle?.injection.map { [(CABundle.injectionAnnotation, $0)] } ?? []
    }

    private func writeMetadata(_ known: Value?, to writer: inout Writer) {
        writer.beginObject()
        writer.member("name", name)
        for (key, value) in Self.members(of: known)
        where !["name", "labels", "annotations", "managedFields"].contains(key) {
            writer.key(key)
            writer.value(value)
        }
        write("labels", labels, known?["labels"], to: &writer)
        write("annotations", annotations, known?["annotations"], to: &writer)
        writer.endObject()
    }

    private func write(
        _ field: String, _ ours: [(key: String, value: String)], _ known: Value?, to writer: inout Writer
    ) {
        writer.key(field)
        writer.beginObject()
        for (key, value) in ours { writer.member(key, value) }
        for (key, value) in Self.members(of: known)
        where !ours.contains(where: { $0.key == key }) && key != CABundle.injectionAnnotation {
            writer.key(key)
            writer.value(value)
        }
        writer.endObject()
    }

    private static func members(of value: Value?) -> [(key: String, value: Value)] {
        guard let value else { return [] }
        return value.members.map { (key: $0.key, value: $0.value) }
    }

    // MARK: Webhooks

    private func write(_ webhook: Webhook, replacing known: Value?, to writer: inout Writer) {
        writer.beginObject()
        writer.member("name", webhook.name)
        writer.key("admissionReviewVersions")
        writer.strings(["v1"])
        writer.key("clientConfig")
        writeClientConfig(webhook, replacing: known, to: &writer)
        writer.key("rules")
        writer.beginArray()
        for rule in webhook.rules {
            writer.beginObject()
            writer.key("apiGroups")
            writer.strings([rule.group])
            writer.key("apiVersions")
            writer.strings(rule.versions)
            writer.key("operations")
            writer.strings(rule.operations)
            writer.key("resources")
            writer.strings(rule.resources)
            writer.member("scope", "*")
            writer.endObject()
        }
        writer.endArray()
        writer.member("failurePolicy", webhook.failurePolicy)
        writer.member("matchPolicy", "Equivalent")
        writer.key("namespaceSelector")
        write(excluding: webhook.excludedNamespaces, to: &writer)
        writer.key("objectSelector")
        writer.beginObject()
        writer.endObject()
        if type == .mutatingWebhookConfigurations { writer.member("reinvocationPolicy", "IfNeeded") }
        writer.member("sideEffects", webhook.sideEffects)
        writer.key("timeoutSeconds")
        writer.integer(webhook.timeoutSeconds)
        writer.endObject()
    }

    private func writeClientConfig(_ webhook: Webhook, replacing known: Value?, to writer: inout Writer) {
        writer.beginObject()
        switch caBundle {
        case .pem(let certificates):
            writer.key("caBundle")
            writer.base64(Array(certificates.utf8))
        case .injected, nil:
            let same = known?["webhooks"]?.elements.first { $0["name"]?.string == webhook.name }
            if let injected = same?["clientConfig"]?["caBundle"]?.string { writer.member("caBundle", injected) }
        }
        if let url = installation.webhookURL {
            writer.member("url", url.trimmingSuffix("/") + webhook.path)
        } else {
            writer.key("service")
            writer.beginObject()
            writer.member("name", installation.service)
            writer.member("namespace", installation.namespace)
            writer.member("path", webhook.path)
            writer.key("port")
            writer.integer(Self.servicePort)
            writer.endObject()
        }
        writer.endObject()
    }

    /// The Service's port in deploy/, and what the API server takes where none is said.
    private static let servicePort = 443

    private func write(excluding namespaces: [String], to writer: inout Writer) {
        writer.beginObject()
        if !namespaces.isEmpty {
            writer.key("matchExpressions")
            writer.beginArray()
            writer.beginObject()
            writer.member("key", Self.namespaceLabel)
            writer.member("operator", "NotIn")
            writer.key("values")
            writer.strings(namespaces)
            writer.endObject()
            writer.endArray()
        }
        writer.endObject()
    }

    /// The label that an API server from 1.21 on gives each namespace, and that nobody can change. Older ones do not:
    /// there a namespace is left out only once somebody labels it so, as deploy/ does with ours.
    static let namespaceLabel = "kubernetes.io/metadata.name"
}

extension Writer {
    mutating func member(_ key: String, _ text: String) {
        self.key(key)
        string(text)
    }

    mutating func strings(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> Substring {
        var text = self[...]
        while text.last == suffix { text.removeLast() }
        return text
    }
}

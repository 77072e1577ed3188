import Admission
import Kubernetes
import Policy

/// The webhook configurations that a set of policies needs: a pure function of the two and of where we are.
///
/// One webhook for each failure policy in use, since the API server knows one for a whole webhook; only for the kinds
/// that the policies match; and none at all where no policy needs one, so that an idle gate costs the cluster nothing.
///
/// Either webhook asks all policies (``ReviewRoute``), so it waits as long as the most patient of them all wants.
///
/// Source: spec/kubernetes.md, "Registering".
public struct DesiredWebhooks: Sendable, Hashable {
    /// In the order in which they are written: one that must not exist has no webhooks.
    public let configurations: [WebhookConfiguration]
    /// Kinds that policies name and no known resource has, sorted: their CustomResourceDefinitions may come later.
    public let unknownKinds: [String]

    /// Left out besides our own namespace, where an operator does not say otherwise: what the cluster itself runs on,
    /// without which it could not heal.
    public static let systemNamespaces: Set<String> = ["kube-system", "kube-public", "kube-node-lease"]

    /// The names of the configurations.
    static let policiesName = Installation.name + "-policies"

    /// The configurations that are ours, whether or not they should exist.
    public static let all: [(type: ResourceType, name: ObjectName)] = [
        (.validatingWebhookConfigurations, ObjectName(policiesName)),
        (.mutatingWebhookConfigurations, ObjectName(Installation.name)),
        (.validatingWebhookConfigurations, ObjectName(Installation.name)),
    ]

    /// - Parameters:
    ///   - caBundle: Nil while it is not known yet.
    ///   - excludedNamespaces: Besides our own.
    public init(
        for snapshot: PolicySnapshot, at installation: Installation, caBundle: CABundle?,
        excludedNamespaces: Set<String> = systemNamespaces, known: KnownResources = .builtIn
    ) {
        let excluded = excludedNamespaces.union([installation.namespace]).sorted()
        var watched: [FailurePolicy: Set<WatchedKind>] = [:]
        var timeout = 1
        for policy in snapshot.policies {
            let kinds = policy.rules.reduce(into: Set()) { $0.formUnion($1.watchedKinds) }
            guard !kinds.isEmpty else { continue }
            watched[policy.failurePolicy, default: []].formUnion(kinds)
            timeout = max(timeout, policy.timeoutSeconds)
        }
        unknownKinds = Set(watched.values.joined().filter { known.places(of: $0).isEmpty }.map(\.kind)).sorted()
        let needed = FailurePolicy.allCases.compactMap { failurePolicy in
            watched[failurePolicy].map { (failurePolicy, rules: WebhookRule.rules(for: $0, in: known)) }
        }

        func configuration(
            _ type: ResourceType, _ name: String, _ webhooks: [WebhookConfiguration.Webhook]
        ) -> WebhookConfiguration {
            WebhookConfiguration(
                type: type, name: name, webhooks: webhooks, installation: installation, caBundle: caBundle)
        }
        func webhooks(_ phase: Phase) -> [WebhookConfiguration.Webhook] {
            needed.map { failurePolicy, rules in
                WebhookConfiguration.Webhook(
                    name: "\(phase.rawValue)-\(failurePolicy.rawValue.lowercased()).\(Installation.name).svc",
                    path: ReviewRoute(phase).path(for: failurePolicy), rules: rules,
                    failurePolicy: failurePolicy.rawValue, timeoutSeconds: timeout, sideEffects: "NoneOnDryRun",
                    excludedNamespaces: excluded)
            }
        }
        configurations = [
            configuration(.validatingWebhookConfigurations, Self.policiesName, [Self.policyWebhook]),
            configuration(.mutatingWebhookConfigurations, Installation.name, webhooks(.mutate)),
            configuration(.validatingWebhookConfigurations, Installation.name, webhooks(.validate)),
        ]
    }

    /// The webhook that refuses bad policies. `Fail`: one that slipped in while we are away would deny what it matches
    /// later, without a word to who wrote it. Deleting a policy asks nobody.
    private static let policyWebhook = WebhookConfiguration.Webhook(
        name: "policies.\(Installation.name).svc", path: AdmissionService.policiesPath,
        rules: [WebhookRule(group: "kyverno.io", resources: ["clusterpolicies", "policies", "policyexceptions"])],
        failurePolicy: FailurePolicy.fail.rawValue, timeoutSeconds: ImagePolicy.defaultTimeoutSeconds,
        sideEffects: "None")
}

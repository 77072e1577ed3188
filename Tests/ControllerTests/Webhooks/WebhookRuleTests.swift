import Kubernetes
import Policy
import Testing

@testable import Cluster

@Suite("The rules of webhooks")
struct WebhookRuleTests {
    private func rules(_ watched: [WatchedKind], _ more: [ResourceType] = []) -> [WebhookRule] {
        WebhookRule.rules(for: watched, in: KnownResources(discovered: more))
    }

    @Test("Pods come with their ephemeral containers")
    func pods() {
        #expect(
            rules([WatchedKind(kind: "Pod")])
                == [WebhookRule(group: "", resources: ["pods", "pods/ephemeralcontainers"])])
        #expect(
            rules([WatchedKind(version: "v1", kind: "Pod", operations: [.create])])
                == [WebhookRule(group: "", versions: ["v1"], resources: ["pods"], operations: ["CREATE"])])
        #expect(
            rules([WatchedKind(kind: "Pod", subresource: "ephemeralcontainers")])
                == [WebhookRule(group: "", resources: ["pods/ephemeralcontainers"])])
    }

    @Test("Kinds of one group share a rule, in an order that does not change")
    func controllers() {
        let kinds = [
            "Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob",
        ]
        let expected = [
            WebhookRule(group: "", resources: ["pods", "pods/ephemeralcontainers", "replicationcontrollers"]),
            WebhookRule(group: "apps", resources: ["daemonsets", "deployments", "replicasets", "statefulsets"]),
            WebhookRule(group: "batch", resources: ["cronjobs", "jobs"]),
        ]
        for _ in 0..<5 { #expect(rules(kinds.shuffled().map { WatchedKind(kind: $0) }) == expected) }
    }

    @Test("Group and version are kept as they are written")
    func literal() {
        #expect(
            rules([WatchedKind(group: "apps", version: "v1", kind: "Deployment")])
                == [WebhookRule(group: "apps", versions: ["v1"], resources: ["deployments"])])
        #expect(
            rules([WatchedKind(group: "batch", version: "v1beta1", kind: "CronJob")])
                == [WebhookRule(group: "batch", versions: ["v1beta1"], resources: ["cronjobs"])])
        // Another group than the one that is known: as it is written, and guessed.
        #expect(
            rules([WatchedKind(group: "extensions", version: "v1beta1", kind: "Deployment")])
                == [WebhookRule(group: "extensions", versions: ["v1beta1"], resources: ["deployments"])])
    }

    @Test("A kind that the API server has is written under its own plural")
    func discovered() {
        let octopus = ResourceType.custom("sea.test", "v1", "octopodes", "Octopus")
        #expect(
            rules([WatchedKind(kind: "Octopus")], [octopus])
                == [WebhookRule(group: "sea.test", resources: ["octopodes"])])
        #expect(
            rules([WatchedKind(group: "*.test", version: "v1*", kind: "Octopus")], [octopus])
                == [WebhookRule(group: "sea.test", versions: ["v1"], resources: ["octopodes"])])
    }

    @Test("A kind that several groups have is registered in each")
    func severalGroups() {
        let kruise = ResourceType.custom("apps.kruise.io", "v1beta1", "statefulsets", "StatefulSet")
        #expect(
            rules([WatchedKind(kind: "StatefulSet")], [kruise]) == [
                WebhookRule(group: "apps", resources: ["statefulsets"]),
                WebhookRule(group: "apps.kruise.io", resources: ["statefulsets"]),
            ])
    }

    @Test("A kind that nobody has yet is guessed, in its group or in any")
    func guessed() {
        #expect(
            rules([WatchedKind(group: "tekton.dev", version: "v1", kind: "TaskRun")])
                == [WebhookRule(group: "tekton.dev", versions: ["v1"], resources: ["taskruns"])])
        #expect(
            rules([WatchedKind(kind: "GitRepository")])
                == [WebhookRule(group: "*", resources: ["gitrepositories"])])
        #expect(
            rules([WatchedKind(group: "*.dev", version: "v1?", kind: "Ingress")])
                == [WebhookRule(group: "*", resources: ["ingresses"])])
    }

    @Test("All that policies ask of a resource is asked")
    func union() {
        #expect(
            rules([
                WatchedKind(kind: "Job", operations: [.create]), WatchedKind(kind: "Job", operations: [.update]),
            ]) == [WebhookRule(group: "batch", resources: ["jobs"])])
        #expect(
            rules([WatchedKind(kind: "Job", operations: [.create]), WatchedKind(kind: "CronJob")]) == [
                WebhookRule(group: "batch", resources: ["cronjobs"]),
                WebhookRule(group: "batch", resources: ["jobs"], operations: ["CREATE"]),
            ])
    }

    @Test("Asked for one version and for any, the API server is told of the one, and converts the others")
    func versions() {
        let runs = ["v1", "v1beta1"].map { ResourceType.custom("tekton.dev", $0, "taskruns", "TaskRun") }
        let watched = [
            WatchedKind(kind: "TaskRun", operations: [.create]),
            WatchedKind(group: "tekton.dev", version: "v1beta1", kind: "TaskRun"),
        ]
        #expect(
            rules(watched, runs) == [WebhookRule(group: "tekton.dev", versions: ["v1beta1"], resources: ["taskruns"])])
        // A version that is not served: nothing would be converted to it.
        #expect(
            rules(watched, [runs[0]]) == [WebhookRule(group: "tekton.dev", resources: ["taskruns"])])
        // Two versions: each as it comes.
        #expect(
            rules([watched[1], WatchedKind(group: "tekton.dev", version: "v1", kind: "TaskRun")], runs)
                == [WebhookRule(group: "tekton.dev", versions: ["v1", "v1beta1"], resources: ["taskruns"])])
    }

    @Test("Subresources are written as they are, a glob of them as all, which holds the others")
    func subresources() {
        #expect(
            rules([WatchedKind(kind: "Deployment", subresource: "scale")])
                == [WebhookRule(group: "apps", resources: ["deployments/scale"])])
        let all = [
            WatchedKind(kind: "Pod"), WatchedKind(kind: "Pod", subresource: "s*"),
            WatchedKind(kind: "Pod", subresource: "exec"),
        ]
        #expect(rules(all) == [WebhookRule(group: "", resources: ["pods/*"])])
    }
}

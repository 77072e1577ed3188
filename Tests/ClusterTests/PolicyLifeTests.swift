import Foundation
import Synchronization
import Testing

@testable import TestSupport

/// From `kubectl apply -f policy.yaml` to `kubectl delete`: what people see who use kubectl and nothing else.
@Suite(.needsCluster) struct PolicyLifeTests {
    @Test func aPolicyTakesEffectChangesAndGoes() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)

        // Without a policy nobody asks us.
        #expect(try await stage.run("before", "unsigned").status == 0)
        #expect(try await !stage.admin.has("mutatingwebhookconfiguration", "countersign"))

        let applied = try await stage.admin.apply(Policies.legacy(stage.images, key: stage.world.key.publicPEM))
        #expect(applied.contains("clusterpolicy.kyverno.io/check-image created"))
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        for tag in ["signed2", "signed3"] {
            let created = try await stage.run(tag, tag)
            #expect(created.output == "pod/\(tag) created\n", "\(created)\n\(replica.log)")
            #expect(try await stage.storedImage(tag) == stage.pinned(tag))
        }
        for tag in ["unsigned", "other2", "other3"] {
            let denied = try await stage.run(tag, tag)
            #expect(denied.status != 0)
            #expect(denied.errors.hasPrefix("Error from server"), "\(denied)")
            #expect(
                denied.errors.contains(
                    "resource Pod/\(stage.namespace)/\(tag) was blocked due to the following policies"), "\(denied)")
            #expect(denied.errors.contains("check-image:"), "\(denied)")
            #expect(denied.errors.contains(stage.world.image(tag)), "\(denied)")
            #expect(try await !stage.developer.has("pod", tag, "--namespace", stage.namespace))
        }

        // Its condition says that it counts.
        try await stage.takes("its condition is Ready after") {
            try await stage.admin.read(
                "{.status.conditions[?(@.type==\"Ready\")].status}", of: "clusterpolicy", "check-image") == "True"
        }

        try await stage.admin.apply(Policies.legacy(stage.images, key: stage.world.otherKey.publicPEM))
        try await stage.becomes(.denied, "signed2", "an edited policy counts after")
        #expect(try await stage.admission(of: "other2") == .admitted)

        try await stage.admin.succeed("delete", "clusterpolicy", "check-image")
        try await stage.becomes(.admitted, "unsigned", "pods are free after a policy's end after")
        try await stage.takes("the webhook is gone after") {
            try await !stage.admin.has("mutatingwebhookconfiguration", "countersign")
        }
        #expect(try await !stage.admin.has("validatingwebhookconfiguration", "countersign"))
        try stage.expectNothingForbidden()
    }

    /// How long an edit takes from the end of `kubectl apply` until the API server decides by it. One in five shows what
    /// the server can do; the others share two cores with everything else.
    @Test func anEditCountsWithinASecond() async throws {
        let stage = try await Stage.set()
        _ = try await Replica.start(in: stage.cluster)
        try await stage.admin.apply(Policies.legacy(stage.images, key: stage.world.key.publicPEM))
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        var times: [Duration] = []
        for round in 0..<5 {
            let (key, admitted) =
                round.isMultiple(of: 2) ? (stage.world.otherKey, "other2") : (stage.world.key, "signed2")
            #expect(try await stage.admission(of: admitted) == .denied)
            try await stage.admin.apply(Policies.legacy(stage.images, key: key.publicPEM))
            let start = ContinuousClock.now
            let counts = try await eventually(within: .seconds(15)) {
                try await stage.admission(of: admitted) == .admitted
            }
            #expect(counts, "round \(round)")
            times.append(start.duration(to: .now))
        }
        print(
            "  edits count after \(times.map { $0.formatted(.units(allowed: [.milliseconds])) }.joined(separator: ", "))"
        )
        #expect(try #require(times.min()) <= .seconds(1), "\(times)")
    }

    /// A policy that changes its failure policy changes webhooks, which are rewritten a little later: it must be asked
    /// all the while.
    @Test func aPolicyThatChangesItsFailurePolicyIsAskedAllTheWhile() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        let isOver = Mutex(false)
        async let posted = {
            var answers: [Stage.Admission] = []
            while !isOver.withLock({ $0 }) { answers.append(try await stage.admission(of: "unsigned")) }
            return answers
        }()
        do {
            defer { isOver.withLock { $0 = true } }
            for round in 0..<30 {
                let failurePolicy = round.isMultiple(of: 2) ? "Ignore" : "Fail"
                try await stage.admin.succeed(
                    "patch", "clusterpolicy", "check-image", "--type=merge",
                    "-p", #"{"spec":{"webhookConfiguration":{"failurePolicy":"\#(failurePolicy)"}}}"#)
            }
        }
        let answers = try await posted
        print("  \(answers.count) unsigned pods posted meanwhile")
        #expect(answers.count >= 30)
        #expect(answers.allSatisfy { $0 == .denied }, "\(answers.filter { $0 != .denied })\n\(replica.log)")
        try stage.expectNothingForbidden()
    }

    @Test func whatMakesPodsIsCheckedTheSameWay() async throws {
        let stage = try await Stage.set()
        _ = try await Replica.start(in: stage.cluster)
        try await stage.admin.apply(Policies.legacy(stage.images, key: stage.world.key.publicPEM))
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        let flags = ["--namespace", stage.namespace]

        try await stage.developer.succeed(
            ["create", "deployment", "good", "--image", stage.world.image("signed2")] + flags)
        let image = try await stage.developer.read(
            "{.spec.template.spec.containers[0].image}", of: "deployment", "good", "--namespace", stage.namespace)
        #expect(image == stage.pinned("signed2"))
        let denied = try await stage.developer.run(
            ["create", "deployment", "bad", "--image", stage.world.image("unsigned")] + flags)
        #expect(denied.status != 0)
        #expect(denied.errors.contains("resource Deployment/\(stage.namespace)/bad was blocked"), "\(denied)")
        #expect(denied.errors.contains("autogen-check-image"), "\(denied)")

        // `kubectl scale`, rollouts and edits that leave the images alone go through.
        try await stage.developer.succeed(["scale", "deployment", "good", "--replicas=3"] + flags)
        let changed = try await stage.developer.run(
            ["set", "image", "deployment/good", "*=\(stage.world.image("unsigned"))"] + flags)
        #expect(changed.status != 0)

        let version = try await stage.admin.succeed("api-versions").contains("batch/v1beta1") ? "v1beta1" : "v1"
        func cronJob(_ name: String, _ tag: String) async throws -> CommandResult {
            try await stage.developer.run(
                ["apply", "-f", "-"] + flags,
                input: """
                    apiVersion: batch/\(version)
                    kind: CronJob
                    metadata: {name: \(name)}
                    spec:
                      schedule: "0 3 * * *"
                      jobTemplate:
                        spec:
                          template:
                            spec:
                              restartPolicy: Never
                              containers: [{name: app, image: "\(stage.world.image(tag))"}]
                    """)
        }
        let good = try await cronJob("good", "signed3")
        #expect(good.status == 0, "\(good)")
        let jobImage = try await stage.developer.read(
            "{.spec.jobTemplate.spec.template.spec.containers[0].image}", of: "cronjob", "good", "--namespace",
            stage.namespace)
        #expect(jobImage == stage.pinned("signed3"))
        let bad = try await cronJob("bad", "unsigned")
        #expect(bad.status != 0)
        #expect(bad.errors.contains("resource CronJob/\(stage.namespace)/bad was blocked"), "\(bad)")
        #expect(bad.errors.contains("autogen-cronjob-check-image"), "\(bad)")
        try stage.expectNothingForbidden()
    }

    @Test func aBadPolicyIsRefusedWithPathAndReason() async throws {
        let stage = try await Stage.set()
        _ = try await Replica.start(in: stage.cluster)
        try await stage.takes("policies are checked after") {
            try await stage.admin.has("validatingwebhookconfiguration", "countersign-policies")
        }
        // The API server may still not know of its new webhook: what is applied for good could slip in before.
        let bad = Policies.legacy(stage.images, key: "no key")
        try await stage.takes("a bad one is refused after") {
            try await stage.admin.run("apply", "--dry-run=server", "-f", "-", input: bad).status != 0
        }
        let refused = try await stage.admin.run("apply", "-f", "-", input: bad)
        #expect(refused.status != 0)
        let message = refused.errors
        #expect(message.contains("Error from server"), "\(message)")
        #expect(message.contains("spec.rules[0].verifyImages[0].key"), "\(message)")
        #expect(try await !stage.admin.has("clusterpolicy", "check-image"))

        // What is not ours to do comes back as a warning, and the rest counts.
        let mixed =
            Policies.legacy(stage.images, key: stage.world.key.publicPEM) + """

                    - name: labels
                      match: {any: [{resources: {kinds: [Pod]}}]}
                      validate: {message: "label it", pattern: {metadata: {labels: {app: "?*"}}}}
                """
        let warned = try await stage.admin.run("apply", "-f", "-", input: mixed)
        #expect(warned.status == 0, "\(warned)")
        #expect(warned.errors.contains("Warning:") && warned.errors.contains("rules[1]"), "\(warned)")
        try await stage.becomes(.denied, "unsigned", "the policy with a warning counts after")
        try await stage.takes("its status names what is passed over after") {
            try await stage.admin.read(
                #"{.status.conditions[?(@.type=="Ready")].message}"#, of: "clusterpolicy", "check-image"
            ).hasPrefix("in force; spec.rules[1]: ")
        }

        // An edit that breaks it is refused as well; deleting is not.
        let broken = try await stage.admin.run(
            "patch", "clusterpolicy", "check-image", "--type=json",
            "-p", #"[{"op":"replace","path":"/spec/rules/0/verifyImages/0/key","value":"gone"}]"#)
        #expect(broken.status != 0)
        #expect(try await stage.admission(of: "signed2") == .admitted)
        try await stage.admin.succeed("delete", "clusterpolicy", "check-image")
        try stage.expectNothingForbidden()
    }

    @Test func aBadPolicyThatWasStoredWhileWeWereAwayFailsClosed() async throws {
        let stage = try await Stage.set()
        try await stage.admin.apply(Policies.legacy(stage.images, key: "no key"))
        _ = try await Replica.start(in: stage.cluster)
        try await stage.becomes(.denied, "unsigned", "a bad policy denies after")
        // It cannot tell what is signed, but what it is about.
        #expect(try await stage.admission(of: "signed2") == .denied)
        #expect(try await stage.admission(ofImage: "registry.invalid/other:1") == .admitted)
        try await stage.takes("its status says so after") {
            try await stage.admin.read(
                #"{.status.conditions[?(@.type=="Ready")].reason}"#, of: "clusterpolicy", "check-image")
                == "InvalidRefusing"
        }

        // Whatever says the same can be written, as labels are; what says something else has to be good.
        let edit = #"{"spec":{"background":true}}"#
        try await stage.takes("bad edits are refused after") {
            try await stage.admin.run(
                "patch", "clusterpolicy", "check-image", "--type=merge", "--dry-run=server", "-p", edit
            ).status != 0
        }
        try await stage.admin.succeed("label", "clusterpolicy", "check-image", "team=a")
        try await stage.admin.apply(Policies.legacy(stage.images, key: stage.world.key.publicPEM))
        try await stage.becomes(.admitted, "signed2", "a mended policy counts after")
        #expect(try await stage.admission(of: "unsigned") == .denied)
        try stage.expectNothingForbidden()
    }

    @Test func aNamespacedPolicyCoversItsNamespaceOnly() async throws {
        let stage = try await Stage.set()
        _ = try await Replica.start(in: stage.cluster)
        try await stage.admin.apply(
            Policies.legacy(stage.images, key: stage.world.key.publicPEM)
                .replacing("kind: ClusterPolicy", with: "kind: Policy")
                .replacing("metadata:\n", with: "metadata:\n  namespace: \(stage.namespace)\n", maxReplacements: 1))
        try await stage.becomes(.denied, "unsigned", "a namespaced policy counts after")
        #expect(try await stage.admission(of: "signed3") == .admitted)
        #expect(try await stage.admission(of: "unsigned", namespace: "default") == .admitted)
        // What makes Pods is covered there as well, and nowhere else.
        func deploy(in namespace: String) async throws -> CommandResult {
            try await stage.admin.run(
                "create", "deployment", "web", "--image", stage.world.image("unsigned"), "--namespace", namespace,
                "--dry-run=server")
        }
        let denied = try await deploy(in: stage.namespace)
        #expect(denied.status != 0)
        #expect(denied.errors.contains("resource Deployment/\(stage.namespace)/web was blocked"), "\(denied)")
        let admitted = try await deploy(in: "default")
        #expect(admitted.status == 0, "\(admitted)")
        try stage.expectNothingForbidden()
    }

    /// Kyverno's definitions close what ours leave open, and fill in what nobody wrote.
    @Test func underKyvernosOwnDefinitionsPoliciesMeanTheSame() async throws {
        let stage = try await Stage.set()
        try await ForeignDefinitions.withKyvernos(in: stage.cluster) {
            _ = try await Replica.start(in: stage.cluster)
            let key = stage.world.key.publicPEM
            for policy in [
                Policies.legacy(stage.images, key: key), Policies.modern(stage.images, key: key, name: "check-image"),
            ] {
                try await stage.admin.apply(policy)
                try await stage.becomes(.denied, "unsigned", "a policy counts after")
                #expect(try await stage.admission(of: "signed2") == .admitted)
                #expect(try await stage.admission(of: "other3") == .denied)
                try await stage.takes("its status after") {
                    try await stage.admin.read(
                        #"{.status.conditions[0].type} {.status.conditions[0].reason} {.status.rulecount.verifyimages}"#,
                        of: "clusterpolicy", "check-image") == "Ready InForce 1"
                }
                let filledIn = try await stage.admin.read(
                    "{.spec.rules[0].verifyImages[0].mutateDigest}", of: "clusterpolicy", "check-image")
                #expect(filledIn == "true")
                try await stage.admin.succeed("delete", "clusterpolicy", "check-image")
                try await stage.becomes(.admitted, "unsigned", "pods are free after a policy's end after")
            }
        }
        try stage.expectNothingForbidden()
    }

    @Test func whereTheKindsAreMissingTheServerMakesThem() async throws {
        let stage = try await Stage.set()
        try await stage.admin.succeed("delete", "-f", ClusterParts.path("deploy/crds"), "--wait")
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.takes("the kinds are there after") {
            try await stage.admin.has(
                "crd", "clusterpolicies.kyverno.io", "policies.kyverno.io", "policyexceptions.kyverno.io")
        }
        try await stage.takes("a policy can be applied after") {
            try await stage.admin.run(
                "apply", "-f", "-", input: Policies.legacy(stage.images, key: stage.world.key.publicPEM)
            ).status == 0
        }
        try await stage.becomes(.denied, "unsigned", "it counts after")

        // Those that are there are nobody's to change.
        let columns = "{.metadata.generation}"
        let before = try await stage.admin.read(columns, of: "crd", "clusterpolicies.kyverno.io")
        try await stage.admin.succeed("label", "crd", "clusterpolicies.kyverno.io", "somebody=else")
        await replica.end(SIGTERM)
        _ = try await Replica.start(in: stage.cluster)
        try await stage.becomes(.denied, "unsigned", "after a restart it counts after")
        #expect(try await stage.admin.read(columns, of: "crd", "clusterpolicies.kyverno.io") == before)
        let label = "{.metadata.labels.somebody}"
        #expect(try await stage.admin.read(label, of: "crd", "clusterpolicies.kyverno.io") == "else")
        try stage.expectNothingForbidden()
    }
}

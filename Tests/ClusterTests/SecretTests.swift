import Foundation
import Testing

@testable import TestSupport

/// What is kept in Secrets: keys that policies name, and what opens private registries.
@Suite(.needsCluster) struct SecretTests {
    private static func keySecret(_ key: CosignKey, in namespace: String) -> String {
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: release-key, namespace: \(namespace)}
        stringData:
          cosign.pub: |
        \(Policies.indented(key.publicPEM, by: 4))
        """
    }

    /// In our own namespace Secrets are watched, elsewhere they are read.
    @Test(arguments: [true, false])
    func aKeyInASecretIsRotated(inOurNamespace: Bool) async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        let namespace = inOurNamespace ? APIServer.ourNamespace : stage.namespace
        try await stage.admin.apply(Self.keySecret(stage.world.key, in: namespace))
        try await stage.admin.apply(
            """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata: {name: check-image}
            spec:
              rules:
              - name: signed
                match: {any: [{resources: {kinds: [Pod]}}]}
                verifyImages:
                - imageReferences: ["\(stage.images)"]
                  failureAction: Enforce
                  attestors:
                  - entries:
                    - keys: {secret: {name: release-key, namespace: \(namespace)}}
            """)
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        let admitted = try await stage.run("first", "signed2")
        #expect(admitted.status == 0, "\(admitted)\n\(replica.log.suffix(2000))")
        #expect(try await stage.admission(of: "other2") == .denied)

        // Rotated there, back and there again: how quick a watch is can be told from the best of a few.
        var times: [Duration] = []
        for (key, new, old) in [
            (stage.world.otherKey, "other2", "signed2"), (stage.world.key, "signed2", "other2"),
            (stage.world.otherKey, "other2", "signed2"),
        ] {
            try await stage.admin.apply(Self.keySecret(key, in: namespace))
            let start = ContinuousClock.now
            if inOurNamespace {
                try await stage.becomes(.admitted, new, "a rotated key counts after")
                times.append(start.duration(to: .now))
            } else {
                // What is read at each use counts for the very next pod.
                #expect(try await stage.admission(of: new) == .admitted, "\(replica.log.suffix(2000))")
            }
            #expect(try await stage.admission(of: old) == .denied)
        }
        if let best = times.min() { #expect(best < .seconds(1), "\(times)") }
        let denied = try await stage.run("second", "signed2")
        #expect(denied.status != 0, "the old key is worth nothing")

        // Without the Secret nothing is known about the key: nobody comes in.
        try await stage.admin.succeed("delete", "secret", "release-key", "--namespace", namespace)
        try await stage.becomes(.denied, "other2", "a key that is gone opens nothing after")
        try stage.expectNothingForbidden()
    }

    @Test func pullSecretsOpenTheRegistryForTheirNamespaceOnly() async throws {
        let stage = try await Stage.set()
        let registry = try await DockerRegistry(isGuarded: true)
        let access = try #require(registry.access)
        let folder = try TemporaryFolder("private")
        let pusher = Pusher(host: registry.host, curl: Curl(folder: folder), access: access)
        let digest = try await pusher.image("private/app", "v1", label: "private")
        try await pusher.image("private/app", "unsigned", label: "private and unsigned")
        for generation in Cosign.Generation.allCases {
            let cosign = try Cosign(generation, in: folder, access: access)
            try await cosign.sign("\(registry.host)/private/app@\(digest)", with: stage.world.key)
        }
        let replica = try await Replica.start(in: stage.cluster, flags: ["--registry-ca", access.caFile])
        try await stage.admin.apply(
            Policies.modern(
                "\(registry.host)/private/*", key: stage.world.key.publicPEM, name: "check-private"))
        let image = "\(registry.host)/private/app:v1"
        let stranger = stage.namespace + "-other"
        try await stage.admin.succeed("create", "namespace", stranger)

        func makeSecret(_ name: String, password: String, in namespace: String) async throws {
            try await stage.admin.succeed(
                "create", "secret", "docker-registry", name, "--namespace", namespace, "--docker-server",
                registry.host, "--docker-username", DockerRegistry.Access.user, "--docker-password", password)
        }
        func admission(_ secret: String?, in namespace: String? = nil, image: String = image) async throws
            -> Stage.Admission
        { try await stage.admission(ofImage: image, namespace: namespace, pullSecret: secret) }

        try await makeSecret("pull", password: DockerRegistry.Access.password, in: stage.namespace)
        try await makeSecret("wrong", password: "guessed", in: stage.namespace)
        try await stage.takes("the policy counts after") { try await admission(nil) == .denied }
        #expect(try await admission("wrong") == .denied)
        #expect(try await admission("missing") == .denied)

        let opened = try await admission("pull")
        #expect(opened == .admitted, "\(replica.log.suffix(3000))")
        #expect(try await admission("pull", image: "\(registry.host)/private/app:unsigned") == .denied)

        // What was found out with that secret is no answer to those who do not have it.
        #expect(try await admission(nil) == .denied)
        #expect(try await admission("wrong") == .denied)
        #expect(try await admission("pull", in: stranger) == .denied, "there is no such secret there")
        try await makeSecret("pull", password: "guessed", in: stranger)
        #expect(try await admission("pull", in: stranger) == .denied, "its own secret is the wrong one")

        // The service account's pull secrets count like the pod's own.
        try await stage.admin.apply(
            """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: puller, namespace: \(stage.namespace)}
            imagePullSecrets: [{name: pull}]
            """)
        let byAccount = try await stage.developer.run(
            "run", "by-account", "--image", image, "--namespace", stage.namespace, "--overrides",
            #"{"spec":{"serviceAccountName":"puller"}}"#)
        #expect(byAccount.status == 0, "\(byAccount)")
        #expect(try await stage.storedImage("by-account") == "\(image)@\(digest)")

        // A password that is replaced counts from the next pod on.
        try await stage.admin.succeed("delete", "secret", "pull", "--namespace", stranger)
        try await makeSecret("pull", password: DockerRegistry.Access.password, in: stranger)
        try await stage.takes("a mended pull secret counts after") {
            try await admission("pull", in: stranger) == .admitted
        }
        try stage.expectNothingForbidden()
    }

    @Test func theServersOwnPullSecretsOpenItForAll() async throws {
        let stage = try await Stage.set()
        let registry = try await DockerRegistry(isGuarded: true)
        let access = try #require(registry.access)
        let folder = try TemporaryFolder("private")
        let pusher = Pusher(host: registry.host, curl: Curl(folder: folder), access: access)
        let digest = try await pusher.image("private/app", "v1", label: "private")
        let cosign = try Cosign(.three, in: folder, access: access)
        try await cosign.sign("\(registry.host)/private/app@\(digest)", with: stage.world.key)
        _ = try await Replica.start(
            in: stage.cluster, flags: ["--registry-ca", access.caFile, "--image-pull-secrets", "own-pull"])
        try await stage.admin.apply(
            Policies.modern(
                "\(registry.host)/private/*", key: stage.world.key.publicPEM, name: "check-private"))
        let image = "\(registry.host)/private/app:v1"
        try await stage.takes("the policy counts after") {
            try await stage.admission(ofImage: image) == .denied
        }
        try await stage.admin.succeed(
            "create", "secret", "docker-registry", "own-pull", "--namespace", APIServer.ourNamespace,
            "--docker-server", registry.host, "--docker-username", DockerRegistry.Access.user, "--docker-password",
            DockerRegistry.Access.password)
        try await stage.takes("the server's pull secret counts after") {
            try await stage.admission(ofImage: image) == .admitted
        }
        try await stage.admin.succeed("delete", "secret", "own-pull", "--namespace", APIServer.ourNamespace)
        try stage.expectNothingForbidden()
    }
}

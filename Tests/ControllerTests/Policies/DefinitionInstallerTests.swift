import Foundation
import JSON
import Kubernetes
import LocalCluster
import Policy
import Testing

@testable import Cluster

@Suite("The definitions of policies", .timeLimit(.minutes(1))) struct DefinitionInstallerTests {
    private static let names = ["clusterpolicies.kyverno.io", "policies.kyverno.io", "policyexceptions.kyverno.io"]
    private static let folder = URL(filePath: #filePath).appending(path: "../../../../deploy/crds").standardized.path

    private let cluster = LocalCluster()
    private let told = TellTale()

    private func installer(leads: any Leadership = SoleLeader()) throws -> DefinitionInstaller {
        DefinitionInstaller(
            api: cluster, definitions: try DefinitionInstaller.Definitions(folder: Self.folder), leadership: leads,
            pace: PolicyScene.quick, observer: { [told] in told.tell($0.description) })
    }

    private func defined() -> [String] {
        Self.names.filter { cluster.object(.customResourceDefinitions, ObjectName($0)) != nil }
    }

    @Test("Those that the cluster lacks are made, and what is there is not touched")
    func creates() async throws {
        let kyvernos = #"{"metadata":{"name":"policies.kyverno.io"},"spec":{"theirs":true}}"#
        try cluster.put(.customResourceDefinitions, kyvernos)
        let installer = try installer()
        #expect(await installer.install())
        #expect(defined() == Self.names)
        let theirs = cluster.object(.customResourceDefinitions, ObjectName("policies.kyverno.io"))
        #expect(theirs?["spec"]?["theirs"]?.boolean == true)
        #expect(cluster.writes.map(\.verb) == ["create", "create"])
        #expect(told.lines.first == "made the definition clusterpolicies.kyverno.io, which the cluster lacked")
        #expect(await installer.install())
        #expect(cluster.writes.count == 2)
    }

    @Test("One that somebody else made a moment before is fine; what fails is told")
    func failures() async throws {
        let installer = try installer()
        cluster.fail { $0.verb == "create" ? .status(409, reason: "AlreadyExists", message: "there") : nil }
        #expect(await installer.install())
        cluster.fail { $0.name == "policies.kyverno.io" ? .status(403, reason: "Forbidden", message: "no") : nil }
        #expect(await installer.install() == false)
        #expect(defined() == ["clusterpolicies.kyverno.io", "policyexceptions.kyverno.io"])
        #expect(told.lines.contains("the definition policies.kyverno.io cannot be made: no"))
    }

    @Test("Only the leader makes them, and tries again what fails")
    func leadership() async throws {
        let turns = TakenTurns(false)
        let installer = try installer(leads: turns)
        let task = Task { await installer.run() }
        defer { task.cancel() }
        cluster.fail { _ in cluster.requests.count < 9 ? .unreachable("away") : nil }
        turns.lead(true)
        try await until { defined() == Self.names }
        cluster.remove(.customResourceDefinitions, ObjectName(Self.names[0]))
        try await until { defined() == Self.names }
        turns.lead(false)
    }

    @Test("A folder has to hold the three, and nothing else")
    func folders() throws {
        let folder = NSTemporaryDirectory() + "countersign-definitions-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func problem(_ files: [String: String]) throws -> String? {
            try? FileManager.default.removeItem(atPath: folder)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, text) in files {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            do throws(PolicyProblem) {
                _ = try DefinitionInstaller.Definitions(folder: folder)
                return nil
            } catch {
                return error.reason
            }
        }
        func definition(_ name: String) -> String { "kind: CustomResourceDefinition\nmetadata: {name: \(name)}\n" }
        let all = Self.names.map(definition).joined(separator: "---\n")
        #expect(try problem(["a.yaml": all]) == nil)
        #expect(try problem([:]) == "lacks the definition clusterpolicies.kyverno.io")
        #expect(
            try problem(["a.yaml": all + "---\nkind: Secret\nmetadata: {name: s}\n"])
                == "holds Secret s, which is no definition of a policy")
        #expect(try problem(["a.yaml": "a: ["]) != nil)
        try FileManager.default.removeItem(atPath: folder)
        #expect(throws: PolicyProblem.self) { try DefinitionInstaller.Definitions(folder: folder) }
    }

    /// What differs between two files or two versions would be a surprise for whoever changes one of them.
    @Test("Both kinds of policies, and all versions of one, have the same schema")
    func schemas() throws {
        let definitions = try DefinitionInstaller.Definitions(folder: Self.folder)
        var schemas: [String: Set<String>] = [:]
        for definition in definitions.definitions {
            let root = try Document(definition.body).root
            for version in root["spec"]?["versions"]?.elements.map({ $0 }) ?? [] {
                let properties = version["schema"]?["openAPIV3Schema"]?["properties"]
                let columns = version["additionalPrinterColumns"]?.description ?? ""
                let isException = definition.name.name.hasPrefix("policyexceptions")
                schemas[isException ? "exceptions" : "policies", default: []].insert(
                    (properties?.description ?? "") + columns)
                #expect(version["served"]?.boolean == true)
            }
        }
        #expect(schemas.mapValues(\.count) == ["policies": 1, "exceptions": 1])
    }
}

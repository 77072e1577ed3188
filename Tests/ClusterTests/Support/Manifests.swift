import Foundation
import JSON
import YAML

@testable import TestSupport

/// One object of a manifest.
struct Manifest: CustomStringConvertible {
    let value: Value

    var apiVersion: String { value["apiVersion"]?.string ?? "" }
    var kind: String { value["kind"]?.string ?? "" }
    var name: String { value["metadata"]?["name"]?.string ?? "" }
    var namespace: String? { value["metadata"]?["namespace"]?.string }
    var annotations: [String: String] {
        guard let members = value["metadata"]?["annotations"]?.members else { return [:] }
        var all: [String: String] = [:]
        for (key, value) in members { all[key] = value.string }
        return all
    }

    /// What it is called among all others.
    var description: String { "\(kind)/\(namespace.map { $0 + "/" } ?? "")\(name)" }

    /// The pod that it makes, of kinds that make pods from a template.
    var podSpec: Value? { value["spec"]?["template"]?["spec"] }

    static func read(_ text: String) throws -> [Manifest] {
        try YAML.documents(Array(text.utf8)).map { Manifest(value: $0.root) }
    }
}

extension Value {
    /// The texts of a list.
    var strings: [String] { elements.compactMap(\.string) }
}

/// Where the manifests are, and what makes one stream of them.
struct Manifests {
    static let folder = ClusterParts.path("deploy")
    static let chart = folder + "/helm/countersign"

    let scratch: TemporaryFolder

    init() throws { scratch = try TemporaryFolder("manifests") }

    static func read(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    /// What `kubectl kustomize` makes of a folder below deploy/kustomize.
    func kustomize(_ name: String) async throws -> String {
        try await Command.succeed(ClusterParts.kubectl, ["kustomize", Self.folder + "/kustomize/" + name], in: scratch)
    }

    /// What `helm template` makes of the chart.
    /// - Parameter settings: as `--set` takes them.
    func helm(_ settings: [String] = [], flags: [String] = []) async throws -> String {
        let result = try await tryHelm(settings, flags: flags)
        guard result.status == 0 else { throw CommandFailure(description: "helm \(settings): \(result)") }
        return result.output
    }

    /// The same, for settings that may be refused.
    func tryHelm(_ settings: [String], flags: [String] = []) async throws -> CommandResult {
        try await Command.run(
            ClusterParts.path(".ci/helm-template"),
            ["--namespace", "countersign"] + settings.flatMap { ["--set", $0] } + flags + [Self.chart], in: scratch,
            environment: ["HOME": Parts.environment["HOME"] ?? scratch.path, "COUNTERSIGN_TOOLS": Parts.tools],
            limit: .seconds(180))
    }

    /// Every YAML file below deploy/ that is no template, no patch and nobody's configuration: what can be applied as
    /// it is. Paths are relative to deploy/.
    static func files() -> [String] {
        let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            path.hasSuffix(".yaml") && !path.hasPrefix("helm/") && !path.hasSuffix("/kustomization.yaml")
                && !path.hasSuffix("-patch.yaml")
        }.sorted()
    }
}

/// What one set of objects has otherwise than another; empty when they mean the same.
func differences(_ ours: [Manifest], _ theirs: [Manifest]) -> [String] {
    var found: [String] = []
    let others = Dictionary(theirs.map { ($0.description, $0) }) { first, _ in first }
    for manifest in ours {
        guard let other = others[manifest.description] else {
            found.append("only the first has \(manifest)")
            continue
        }
        if !manifest.value.isEqual(to: other.value) {
            found.append("\(manifest) differs:\n\(manifest.value)\n\(other.value)")
        }
    }
    let names = Set(ours.map(\.description))
    found += theirs.filter { !names.contains($0.description) }.map { "only the second has \($0)" }
    if names.count != ours.count || others.count != theirs.count { found.append("an object is there twice") }
    return found
}

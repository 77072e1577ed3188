import Foundation
import Testing

@testable import TestSupport

/// The programs that make a cluster without nodes, and whether they are here.
enum ClusterParts {
    /// The envtest convention first, then the folder that `.ci/cluster-tools` fills.
    private static let folder = Parts.environment["KUBEBUILDER_ASSETS"] ?? Parts.tools + "/cluster"
    static let etcd = folder + "/etcd"
    static let apiServer = folder + "/kube-apiserver"
    /// In that folder where the system's is missing or too old.
    static let kubectl =
        [folder + "/kubectl"].first { FileManager.default.isExecutableFile(atPath: $0) }
        ?? Parts.find("kubectl")

    static let missing = [etcd, apiServer, kubectl].filter { !FileManager.default.isExecutableFile(atPath: $0) }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The path of a file or folder of the sources, as `deploy/crds`.
    static func path(_ name: String) -> String { root.appending(path: name).path(percentEncoded: false) }
}

extension Trait where Self == ConditionTrait {
    /// Runs a test only where its parts are, and always in CI.
    static var needsCluster: Self {
        let missing = Parts.missing + ClusterParts.missing
        return .enabled(
            if: missing.isEmpty || Parts.environment["CI"] == "true",
            "missing: \(missing.joined(separator: ", ")); `make test-cluster` brings all parts")
    }
}

import Foundation

@testable import TestSupport

/// The cluster as each test finds it.
enum Stage {
    /// Makes what must be there before anything of ours can run: our namespace and the service account in it.
    static func prepare(_ cluster: APIServer) async throws {
        try await cluster.admin.apply(
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: \(APIServer.ourNamespace)}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: countersign, namespace: \(APIServer.ourNamespace)}
            """)
    }

    /// The pod that a replica would be, so that its token has something to be bound to.
    static func pod(_ name: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: \(APIServer.ourNamespace)}
        spec: {serviceAccountName: countersign, containers: [{name: countersign, image: registry.invalid/countersign}]}
        """
    }
}

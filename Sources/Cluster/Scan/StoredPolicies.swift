import JSON
import Kubernetes
import Policy

/// The policies that a cluster holds, read once.
public enum StoredPolicies {
    /// Policies in a page: large ones have some 20 kB.
    private static let pageSize = 100

    /// Reads them all; a kind that the API server does not have has no objects.
    public static func read(
        from api: any KubernetesAPI, honoursExceptions: Bool
    ) async throws(APIFailure) -> PolicyCollection {
        var collection = PolicyCollection(honoursExceptions: honoursExceptions)
        let kinds: [PolicyID.Kind] =
            honoursExceptions ? [.clusterPolicy, .policy, .exception] : [.clusterPolicy, .policy]
        for kind in kinds { collection.replaceAll(kind, with: try await list(kind.resources, api)) }
        return collection
    }

    /// All objects, in the first of some versions that there is.
    private static func list(
        _ candidates: [ResourceType], _ api: any KubernetesAPI
    ) async throws(APIFailure) -> [Value] {
        for type in candidates {
            do throws(APIFailure) {
                var objects: [Value] = []
                var next: String?
                repeat {
                    let page = try await api.page(type, .all, limit: pageSize, continuing: next)
                    objects += page.items
                    next = page.next
                } while next != nil
                return objects
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
        return []
    }
}

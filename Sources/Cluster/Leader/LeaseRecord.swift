import Admission
import JSON
import Kubernetes

/// What a Lease says: who leads, and since when.
///
/// Source: Kubernetes `coordination.k8s.io/v1`, LeaseSpec; client-go, `leaderelection/resourcelock`.
struct LeaseRecord: Sendable, Hashable {
    /// Empty when nobody leads.
    var holder: String
    /// For how long others have to leave the lease alone after they saw it renewed.
    var durationSeconds: Int
    /// RFC 3339 with microseconds, as the API takes no other.
    var acquireTime: String
    var renewTime: String
    /// How often the lease went to another holder.
    var transitions: Int

    init(holder: String, durationSeconds: Int, acquireTime: String, renewTime: String, transitions: Int) {
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
    }

    /// Reads a Lease; what is missing counts as nobody's.
    init(_ lease: Value) {
        let spec = lease["spec"]
        holder = spec?["holderIdentity"]?.string ?? ""
        durationSeconds = spec?["leaseDurationSeconds"]?.integer ?? 0
        acquireTime = spec?["acquireTime"]?.string ?? ""
        renewTime = spec?["renewTime"]?.string ?? ""
        transitions = spec?["leaseTransitions"]?.integer ?? 0
    }

    /// - Parameter version: The `resourceVersion` that is replaced; nil for a Lease that is created.
    func object(_ name: ObjectName, version: String?) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string(ResourceType.leases.apiVersion)
        writer.key("kind")
        writer.string(ResourceType.leases.kind)
        writer.key("metadata")
        writer.beginObject()
        writer.key("name")
        writer.string(name.name)
        if let namespace = name.namespace {
            writer.key("namespace")
            writer.string(namespace)
        }
        writer.key("labels")
        writer.beginObject()
        writer.key(Installation.managedByLabel.key)
        writer.string(Installation.managedByLabel.value)
        writer.endObject()
        if let version {
            writer.key("resourceVersion")
            writer.string(version)
        }
        writer.endObject()
        writer.key("spec")
        writer.beginObject()
        writer.key("holderIdentity")
        writer.string(holder)
        writer.key("leaseDurationSeconds")
        writer.integer(durationSeconds)
        if !acquireTime.isEmpty {
            writer.key("acquireTime")
            writer.string(acquireTime)
        }
        writer.key("renewTime")
        writer.string(renewTime)
        writer.key("leaseTransitions")
        writer.integer(transitions)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// The wall clock as a Lease has it: for people only, as nothing is decided by it.
    static func now() -> String {
        // RFC 3339 with milliseconds and a Z; the API wants six digits.
        Timestamp.now().dropLast() + "000Z"
    }
}
